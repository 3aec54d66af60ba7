-- Where something answers tests of throughput behind a link; without it, at its probe
-- address.
ALTER TABLE link
    ADD COLUMN test_address inet CHECK (masklen(test_address) = CASE family(test_address) WHEN 4 THEN 32 ELSE 128 END);
