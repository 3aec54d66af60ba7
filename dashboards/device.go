package dashboards

import "vigie/internal/view"

// DevicePage shows what the router of a link carries.
type DevicePage struct {
	Shell
	Page view.DevicePage
}

func (*DevicePage) template() string { return "device" }
