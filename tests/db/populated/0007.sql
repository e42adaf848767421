-- The migration adds columns only: there is no table to put anything into.
select 1;
