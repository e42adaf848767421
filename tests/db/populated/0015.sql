-- Two indexes; no table and no row of its own.
select 1;
