-- A prober inside a school tells what the school reaches: it is no vantage point of links,
-- no cycle waits for it and no time of links is unknown or known because of it. NULL = it
-- looks at links. Whether there is one never changes under a name, because past figures
-- rest on it.
ALTER TABLE prober ADD COLUMN site text REFERENCES site (key);
UPDATE prober SET site = k.site FROM prober_key k WHERE k.name = prober.name AND k.site IS NOT NULL;
