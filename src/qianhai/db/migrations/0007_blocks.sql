-- Rows that come by the thousand are sealed by the thousand: one seal for a block of them.
--
-- `block` says which rows belong together; a row without one has a seal of its own. The seal is the
-- SHA-256 over the SHA-256 of each row's binary form, in the order of its key by code point, and
-- `block_columns` says which columns that form has, in which order. Its key is {"block":"..."}.

alter table journal.sealed_tables add column block_columns text[];

alter table instructions.instructions add column block uuid;
alter table instructions.decisions add column block uuid;
alter table instructions.outbox add column block uuid;

create index instructions_by_block on instructions.instructions (block) where block is not null;
create index decisions_by_block on instructions.decisions (block) where block is not null;
create index outbox_by_block on instructions.outbox (block) where block is not null;

update journal.sealed_tables set block_columns = '{institution_id,id,content_hash,facility,action,continues,root,value_on,received_at,chain_id,parties,facts,salt,schema_version,block}'
where table_name = 'instructions.instructions';
update journal.sealed_tables set block_columns = '{institution_id,instruction_id,decided_at,known_at,outcome,clause,pack_hash,facts,answers,explained,ledger_result,ledger_seq,draws,salt,schema_version,block}'
where table_name = 'instructions.decisions';
update journal.sealed_tables set block_columns = '{institution_id,id,instruction_id,kind,name,payload,created_at,salt,schema_version,block}'
where table_name = 'instructions.outbox';
