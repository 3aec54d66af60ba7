package dashboards

import (
	"strconv"
	"time"

	"vigie/internal/i18n"
	"vigie/probe"
)

// percentText writes a share that a device told.
func percentText(p i18n.Printer, f probe.Figure) string {
	if !f.Told {
		return p.T("health.untold")
	}
	return p.Percent(int64(f.Value), 100, 0)
}

// celsiusText writes a temperature in tenths of a degree with one decimal.
func celsiusText(p i18n.Printer, f probe.Figure) string {
	if !f.Told {
		return p.T("health.untold")
	}
	return p.T("health.celsius", p.Decimal(strconv.FormatFloat(float64(f.Value)/10, 'f', 1, 64)))
}

// minutesText writes a time in minutes.
func minutesText(p i18n.Printer, f probe.Figure) string {
	return p.Duration(time.Duration(f.Value) * time.Minute)
}
