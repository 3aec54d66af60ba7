//go:build linux

package main

import "vigie/internal/figure"

// bounds says what bounds a figure and what was tried.
var bounds = []figure.Bound{
	{Begins: "flush_", Told: "rows find their place in an index, and a commit waits for the disk; others on the machine take the rest. Tried: rows copied into the partition of the day instead of inserted into the table (its trigger has PostgreSQL take them one by one), batches read with memory made once, percentiles and distributions from one sorting"},
	{Begins: "backfill_", Told: "PostgreSQL's part is an index entry and a check for each row, ours to encode 17 columns, on one connection. Tried: copying instead of inserting, and into the partition, whose trigger needs no table of the rows"},
	{Begins: "load_60000_decided", Told: "the last batches of three probers are committed one after the other, and a decision takes some 80 ms of one core: on a machine that others use both wait for their turn. Tried: the state kept between two cycles, minutes written after the decision, rounds gathered in room made once"},
	{Begins: "page_link_13_months", Told: "9,500 hours are decoded with their delays, some 100,000 numbers in bits, and 114,000 five-minute figures sorted. Tried: one piece of memory for the counts of a day, no second packing to verify, both halves read at once. Next would be days merged ahead of time"},
	{Begins: "page_fleet_day", Told: "each link's day is found by the index, decoded and put on the grid of its school calendar; without the memory that the page has"},
	{Begins: "page_site", Told: "the latest minute of each link costs 7 ms of every page that tells the present, as it has to say whether any is simulated; the charts are drawn here. Tried: the minutes of the day read for the last ones (130 ms)"},
	{Begins: "year_p95_speed_to_sql", Told: "PostgreSQL sorts with more processes where it may; ours reads 1.3 GB from it"},
	{Begins: "year_p95", Told: "two thirds are ours: each figure is held against the least that can still be the percentile, for all time, school time and its month; one third is the server, which hands out 1.3 GB. Tried: days in any order instead of sorted, a selection without jumps, a connection for each processor"},
	{Begins: "disk_five_minute_pair", Told: "8 octets are the figures themselves, the rest is what PostgreSQL adds to three rows a page and two indexes"},
	{Begins: "packing_", Told: "2.2 million rows are read, summed, and written as 1,500 days, fifty links to a transaction"},
}
