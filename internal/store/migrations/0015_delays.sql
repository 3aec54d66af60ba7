-- The figures of the standards beside loss and delay, and the distribution of a
-- minute's delays (internal/measure). Minutes measured before have none of them.
ALTER TABLE minute
    ADD COLUMN duplicates   integer,
    ADD COLUMN reordered    integer,
    ADD COLUMN loss_periods smallint,
    ADD COLUMN longest_loss smallint,
    ADD COLUMN delays       bytea;

-- The distributions of the 24 hours of a day, beside what they sum up to. Most readers
-- want the figures only, and bits do not compress: out of the row, as they are.
ALTER TABLE link_hours ADD COLUMN delays bytea;
ALTER TABLE link_hours ALTER COLUMN delays SET STORAGE EXTERNAL;
