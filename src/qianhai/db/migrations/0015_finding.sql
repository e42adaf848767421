-- Finding decisions: by when they were made, for pages of them, and by the transfer their chain ended with.
--
-- Decisions are written in the order of both, so the first grows at its end alone and a few pages of the
-- second tell where a transfer lies.

create index decisions_by_instant on instructions.decisions (institution_id, decided_at, instruction_id);
create index decisions_by_transfer on instructions.decisions using brin (ledger_seq) with (pages_per_range = 16);
