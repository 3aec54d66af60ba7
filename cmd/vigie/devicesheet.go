package main

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"vigie/internal/httpd/api"
	"vigie/internal/i18n"
	"vigie/internal/view"
	"vigie/probe"
)

// deviceSheet shows what a device carries.
type deviceSheet struct {
	print  i18n.Printer
	device view.Device
	health probe.Health
}

// deviceFigures is what is told of a device and of how it is.
type deviceFigures struct {
	view.Device
	Health probe.Health `json:"health"`
}

// deviceTable is one list of a device: its name, its rows, and how they are written for
// a program.
type deviceTable struct {
	name  string
	rows  []row
	csv   func(io.Writer) error
	items any
}

func (d deviceSheet) write(out io.Writer, format, table string) error {
	for _, t := range d.tables() {
		if t.name != table {
			continue
		}
		switch format {
		case "csv":
			return t.csv(out)
		case "json":
			return writeJSON(out, t.items)
		}
		writeRows(out, t.rows)
		return nil
	}
	if format == "json" {
		return writeJSON(out, deviceFigures{d.device, d.health})
	}
	return d.whole(out)
}

// whole writes what the device is, then each list that holds something.
func (d deviceSheet) whole(out io.Writer) error {
	w := bufio.NewWriter(out)
	writeRows(w, d.system())
	if rows := d.condition(); len(rows) > 0 {
		fmt.Fprintf(w, "\n%s\n", d.print.T("health.title"))
		writeRows(w, rows)
	}
	for _, t := range d.tables() {
		if len(t.rows) == 1 {
			continue
		}
		fmt.Fprintf(w, "\n%s\n", d.print.T("device."+t.name))
		writeRows(w, t.rows)
	}
	return w.Flush()
}

// system are the facts that the device tells of itself.
func (d deviceSheet) system() []row {
	s := d.device.System
	var rows []row
	for _, fact := range []struct{ key, value string }{
		{"name", s.Name},
		{"descr", s.Descr},
		{"location", s.Location},
		{"vendor", s.Vendor},
		{"model", s.Model},
		{"serial", s.Serial},
		{"software", s.Software},
		{"objectid", s.ObjectID},
		{"uptime", d.uptime()},
	} {
		if fact.value != "" {
			rows = append(rows, row{d.print.T("device." + fact.key), fact.value})
		}
	}
	return rows
}

// condition is how the device is, as far as it tells.
func (d deviceSheet) condition() []row {
	h := d.health
	var rows []row
	tell := func(key string, told bool, text func() string) {
		if told {
			rows = append(rows, row{d.print.T("health." + key), text()})
		}
	}
	tell("cpu", h.CPU.Told, func() string { return d.print.Percent(int64(h.CPU.Value), 100, 0) })
	tell("memory", h.Memory.Told, func() string { return d.print.Percent(int64(h.Memory.Value), 100, 0) })
	tell("temperature", h.Temperature.Told, func() string {
		return d.print.T("health.celsius", d.print.Decimal(fmt.Sprintf("%.1f", float64(h.Temperature.Value)/10)))
	})
	tell("power", h.OnBattery != probe.Untold, func() string {
		if h.OnBattery == probe.Yes {
			return d.print.T("health.battery")
		}
		return d.print.T("health.mains")
	})
	tell("supplies", h.FailedSupplies.Told, func() string {
		if h.FailedSupplies.Value == 0 {
			return d.print.T("health.supplies.good")
		}
		return d.print.N("health.supplies.failed", int(h.FailedSupplies.Value))
	})
	return rows
}

func (d deviceSheet) uptime() string {
	if d.device.System.UptimeSeconds == 0 {
		return ""
	}
	return d.print.Duration(d.device.Uptime())
}

// cut are the lists that are not whole, in words.
func (d deviceSheet) cut() []string {
	var names []string
	for _, name := range d.device.Cut {
		names = append(names, d.print.T("device.list."+name))
	}
	return names
}

func (d deviceSheet) tables() []deviceTable {
	return []deviceTable{
		newDeviceTable(d, "interfaces", "name state speed type vlan mac over errors alias", d.device.Interfaces, d.port),
		newDeviceTable(d, "addresses", "address interface origin status", d.device.Addresses, func(a view.OwnAddress) row {
			return row{a.Address, a.Interface, a.Origin, a.Status}
		}),
		newDeviceTable(d, "vlans", "vlan name untagged tagged", d.device.VLANs, func(v view.VLAN) row {
			return row{strconv.Itoa(v.ID), v.Name, strings.Join(v.Untagged, " "), strings.Join(v.Tagged, " ")}
		}),
		newDeviceTable(d, "hosts", "address mac interface", d.device.Hosts, func(h view.Host) row {
			return row{h.Address.String(), h.MAC, h.Interface}
		}),
		newDeviceTable(d, "neighbours", "interface neighbour port chassis address", d.device.Neighbours, func(n view.Neighbour) row {
			var addresses []string
			for _, a := range n.Management {
				addresses = append(addresses, a.String())
			}
			return row{n.Interface, n.Name, n.Port, n.Chassis, strings.Join(addresses, " ")}
		}),
	}
}

func newDeviceTable[T any](d deviceSheet, name, columns string, items []T, cells func(T) row) deviceTable {
	var head row
	for column := range strings.FieldsSeq(columns) {
		head = append(head, d.print.T("device.column."+column))
	}
	rows := []row{head}
	for _, item := range items {
		rows = append(rows, cells(item))
	}
	return deviceTable{name: name, rows: rows, items: items, csv: func(w io.Writer) error { return api.WriteCSV(w, items) }}
}

func (d deviceSheet) port(i view.Interface) row {
	state, vlan, speed, errors := i.Oper, "", "", ""
	if i.Shut() {
		state = d.print.T("device.shut")
	}
	if i.PVID > 0 {
		vlan = strconv.Itoa(i.PVID)
	}
	if i.SpeedBits > 0 {
		speed = d.print.BitRate(i.SpeedBits)
	}
	if i.InErrors+i.OutErrors > 0 {
		errors = d.print.Number(i.InErrors) + " / " + d.print.Number(i.OutErrors)
	}
	return row{i.Name, state, speed, i.Type, vlan, i.MAC, strings.Join(i.Over, " "), errors, i.Alias}
}
