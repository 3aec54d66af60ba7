-- The last test of a link that gave a figure, among the many findings why none was run.
CREATE INDEX finding_test_figure ON finding (link_id, at) WHERE kind = 'throughput' AND NOT body ? 'not_run';
