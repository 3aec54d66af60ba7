package dashboards

import (
	"strings"
	"testing"

	"vigie/internal/i18n"
	"vigie/internal/view"
	"vigie/probe"
)

// plainSpaces takes away that French does not break a line before a sign.
var plainSpaces = strings.NewReplacer("\u202f", " ", "\u00a0", " ")

func TestATestOfALinkIsPutIntoWords(t *testing.T) {
	t.Parallel()
	figure := func(bits, limit int64) *probe.Flow {
		return &probe.Flow{BitsPerSecond: bits, Layer: probe.PayloadLayer, ContractBits: 200e6, CapBits: limit, Retransmits: 0}
	}
	busy := figure(120e6, 250e6)
	busy.HostPermille = 950
	p := i18n.For(i18n.French)
	for name, test := range map[string]struct {
		test  probe.Throughput
		note  string
		alarm bool
	}{
		"as contracted":      {probe.Throughput{Down: figure(193e6, 250e6), Up: figure(193e6, 250e6)}, "0 segment renvoyé", false},
		"below the contract": {probe.Throughput{Down: figure(120e6, 250e6)}, "sous le contrat ; 0 segment renvoyé", true},
		"below it beside a busy machine of ours": {
			probe.Throughput{NotRun: probe.HostBusy, Down: busy}, "notre propre machine était occupée : pas de verdict ; 0 segment renvoyé", false,
		},
		"the same, told before there was a word for it": {
			probe.Throughput{Down: busy}, "notre propre machine était occupée : pas de verdict ; 0 segment renvoyé", false,
		},
		"at our own limit": {probe.Throughput{Down: figure(99e6, 100e6)}, "notre propre limite de " + p.BitRate(100e6) + " : le lien porte au moins autant ; 0 segment renvoyé", false},
		"in use":           {probe.Throughput{NotRun: probe.LoadHigh, LoadPerMille: 164}, "le lien est utilisé ; le lien portait " + p.Percent(164, 1000, 1) + " de son contrat", false},
	} {
		row := newTestRows(p, []view.Test{{Throughput: test.test}})[0]
		row.Note, test.note = plainSpaces.Replace(row.Note), plainSpaces.Replace(test.note)
		if row.Note != test.note || row.Alarm != test.alarm {
			t.Errorf("%s: got %q, %t, want %q, %t", name, row.Note, row.Alarm, test.note, test.alarm)
		}
	}
	rows := newTestRows(p, []view.Test{{Throughput: probe.Throughput{Up: busy}}, {Throughput: probe.Throughput{NotRun: probe.NoServer}}})
	if rows[0].Layer != "charge utile TCP (couche 4)" || rows[1].Layer != "" {
		t.Errorf("layers %q and %q, want that of the figure and none", rows[0].Layer, rows[1].Layer)
	}
	if f := newTestFigure(p, figure(300e6, 0)); f.Width != 100 {
		t.Errorf("a figure above the contract is drawn %d wide, want all of it", f.Width)
	}
}

func TestEveryReasonNotToTestHasWords(t *testing.T) {
	t.Parallel()
	for _, lang := range i18n.Languages() {
		for _, reason := range probe.NotRunReasons() {
			if key := "notrun." + string(reason); !i18n.For(lang).Has(key) {
				t.Errorf("%v has no words for %s", lang, key)
			}
		}
	}
}
