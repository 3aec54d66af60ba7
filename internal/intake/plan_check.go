package intake

import (
	"slices"

	"vigie/internal/ipam"
)

// planChecker judges the rows of a set with those that are stored already.
type planChecker struct {
	set      planSet
	current  Planned
	problems Problems
	warnings Problems
}

// check completes the set with the VRFs and groups that its files only name, and collects what is
// wrong in it and what is doubtful.
func (c *planChecker) check() {
	c.vrfs()
	c.groups()
	c.vlans()
	c.sites()
	c.rules()
}

// mention is a cell that names something kept elsewhere, at the row of a file.
type mention struct {
	at          place
	column, key string
}

// vrfs makes the VRFs that no file describes, with unique addresses: NetBox names them in each row,
// and one set of its files need not hold vrfs.csv.
func (c *planChecker) vrfs() {
	known := map[string]bool{"": true}
	for _, v := range slices.Concat(c.current.Plan.VRFs, c.set.rows.VRFs) {
		known[v.Name] = true
	}
	var named []mention
	for _, p := range c.set.rows.Prefixes {
		named = append(named, mention{place{prefixesFile, prefixTable.keyOf(&p)}, "vrf", p.VRF})
	}
	for _, r := range c.set.rows.Ranges {
		named = append(named, mention{place{rangesFile, rangeTable.keyOf(&r)}, "vrf", r.VRF})
	}
	for _, a := range c.set.rows.Addresses {
		named = append(named, mention{place{addressesFile, addressTable.keyOf(&a)}, "vrf", a.VRF})
	}
	for _, m := range c.unknown(named, known, vrfsFile, "made, with unique prefixes and addresses") {
		c.set.rows.VRFs = append(c.set.rows.VRFs, ipam.VRF{Name: m.key, EnforceUnique: true})
	}
}

// groups makes the VLAN groups that no file describes, with every VID.
func (c *planChecker) groups() {
	known := map[string]bool{"": true}
	for _, g := range slices.Concat(c.current.Plan.Groups, c.set.rows.Groups) {
		known[g.Name] = true
	}
	var named []mention
	for _, v := range c.set.rows.VLANs {
		named = append(named, mention{place{vlansFile, vlanTable.keyOf(&v)}, "group", v.Group})
	}
	for _, m := range c.unknown(named, known, groupsFile, "made, with every VID") {
		c.set.rows.Groups = append(c.set.rows.Groups, ipam.VLANGroup{Name: m.key, Ranges: []ipam.VIDRange{ipam.EveryVID}})
	}
}

// unknown gives the first mention of each thing that nobody describes. With the file that would
// describe them it is a problem, without it a warning, and the thing is to be made.
func (c *planChecker) unknown(named []mention, known map[string]bool, file, made string) (missing []mention) {
	given := c.set.given[file]
	for _, m := range named {
		o := c.set.places[m.at]
		if known[m.key] || o.wrong || c.set.partial[file] {
			continue
		}
		p := Problem{File: o.file, Line: o.line, Column: m.column, Value: m.key}
		if given {
			p.Expected = "is neither in " + file + " nor stored"
			c.problems.add(p)
			continue
		}
		known[m.key] = true
		p.Expected = "is not stored, and there is no " + file + ": " + made
		c.warnings.add(p)
		c.set.given[file] = true
		missing = append(missing, m)
	}
	return missing
}

// vlans wants every VLAN that a prefix carries.
func (c *planChecker) vlans() {
	known := map[ipam.VLANKey]bool{{}: true}
	for _, v := range slices.Concat(c.current.Plan.VLANs, c.set.rows.VLANs) {
		known[v.Key()] = true
	}
	for _, p := range c.set.rows.Prefixes {
		if o := c.set.places[place{prefixesFile, prefixTable.keyOf(&p)}]; !known[p.VLAN] && !o.wrong && !c.set.partial[vlansFile] {
			c.problems.add(Problem{
				File: o.file, Line: o.line, Column: "vlan", Value: showVLAN(p.VLAN), Expected: "is neither in " + vlansFile + " nor stored",
			})
		}
	}
}

// sites warns of each site that the inventory does not have: it is kept as written.
func (c *planChecker) sites() {
	known := map[string]bool{"": true}
	for _, key := range c.current.Sites {
		known[key] = true
	}
	warn := func(at place, site string) {
		if known[site] {
			return
		}
		known[site] = true
		o := c.set.places[at]
		c.warnings.add(Problem{
			File: o.file, Line: o.line, Column: "site", Value: site, Expected: "is not the key of a site of the inventory: kept as written",
		})
	}
	for _, v := range c.set.rows.VLANs {
		warn(place{vlansFile, vlanTable.keyOf(&v)}, v.Site)
	}
	for _, p := range c.set.rows.Prefixes {
		warn(place{prefixesFile, prefixTable.keyOf(&p)}, p.Site)
	}
}

// rules holds the plan as it would become against the rules of the plan. What the stored plan breaks
// already is no news; a stored row that the files make wrong is told without a line.
func (c *planChecker) rules() {
	old := map[string]bool{}
	for _, f := range ipam.Check(c.current.Plan) {
		sheet := sheetOf(f.Table)
		old[sheet.name()+sheet.keyAt(c.current.Plan, f.Row)+f.Expected] = true
	}
	var becomes ipam.Plan
	for _, sheet := range planSheets {
		sheet.replace(c.current.Plan, c.set, &becomes)
	}
	for _, f := range ipam.Check(becomes) {
		sheet := sheetOf(f.Table)
		key := sheet.keyAt(becomes, f.Row)
		o, read := c.set.places[place{sheet.name(), key}]
		switch {
		case read && o.wrong:
		case read:
			c.problems.add(Problem{File: o.file, Line: o.line, Column: f.Field, Value: key, Expected: f.Expected})
		case !old[sheet.name()+key+f.Expected]:
			c.problems.add(Problem{File: sheet.name(), Column: f.Field, Value: key, Expected: f.Expected + " (stored before)"})
		}
	}
}

func sheetOf(t ipam.Table) planSheet {
	return planSheets[slices.IndexFunc(planSheets, func(s planSheet) bool { return s.holds() == t })]
}
