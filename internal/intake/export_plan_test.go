package intake

import "vigie/internal/ipam"

// AgainstItself reads the files of a plan, judges them, and holds them against what they say.
func AgainstItself(files []File) (Difference, Problems) {
	set, problems, _ := readPlan(files)
	c := planChecker{set: set, problems: problems}
	c.check()
	var d Difference
	var save ipam.Plan
	for _, sheet := range planSheets {
		d.Files = append(d.Files, sheet.against(c.set.rows, c.set, &save))
	}
	return d, c.problems
}
