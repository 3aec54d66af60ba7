package api

import (
	"time"

	"vigie/internal/view"
	"vigie/probe"
)

// Router is what the router of a link told last.
type Router struct {
	AskedAt    time.Time  `json:"asked_at"`
	Problem    *string    `json:"problem" doc:"Why it did not answer then; null when it did."`
	CutOff     bool       `json:"prober_cut_off" doc:"The prober was cut off from everything then, or its uplink was in doubt: the problem says nothing of the router."`
	AnsweredAt *time.Time `json:"answered_at" doc:"Its last answer."`
	StartedAt  *time.Time `json:"started_at" doc:"By its own account."`
	Interface  *string    `json:"interface" doc:"ifName of the one that carries the link; null when it has none."`
	Up         *bool      `json:"interface_up"`
	Speed      *int64     `json:"interface_bits_per_second" doc:"Null when not told."`
	Doubt      *string    `json:"doubt" doc:"Why the last answer counts nothing that was carried."`
	Health     *Health    `json:"health,omitempty" doc:"Absent when it was not asked how it is."`
	Carrying   *Carrying  `json:"carrying,omitempty" doc:"Absent when nothing of the last ten minutes is measured."`
}

// Health is how a router is; what it does not tell is null.
type Health struct {
	Profile      string   `json:"profile" doc:"The SNMP profile by which it was read."`
	CPU          *int32   `json:"cpu_percent"`
	Memory       *int32   `json:"memory_percent"`
	Temperature  *float64 `json:"temperature_celsius"`
	OnBattery    *bool    `json:"on_battery"`
	Battery      *int32   `json:"battery_minutes" doc:"How long it would last."`
	Supplies     *int32   `json:"failed_power_supplies" doc:"How many say that they have failed; 0 when all work."`
	RestartCause *string  `json:"restart_cause" doc:"In the words of the router."`
}

func newHealth(h probe.Health) *Health {
	if h.Profile == "" {
		return nil
	}
	out := &Health{
		Profile: h.Profile, CPU: told(h.CPU), Memory: told(h.Memory), Battery: told(h.Battery), Supplies: told(h.FailedSupplies), RestartCause: known(h.RestartCause),
	}
	if h.Temperature.Told {
		celsius := float64(h.Temperature.Value) / 10
		out.Temperature = &celsius
	}
	if h.OnBattery != probe.Untold {
		yes := h.OnBattery == probe.Yes
		out.OnBattery = &yes
	}
	return out
}

func told(f probe.Figure) *int32 {
	if !f.Told {
		return nil
	}
	return &f.Value
}

// Carrying is the mean use over the latest five minutes, as far as they are measured.
type Carrying struct {
	From     time.Time `json:"from"`
	Covered  int64     `json:"covered_seconds" doc:"Measured of the 300."`
	DownRate int64     `json:"down_bits_per_second" doc:"Towards the site."`
	UpRate   int64     `json:"up_bits_per_second"`
}

func newRouter(r *view.Router) *Router {
	if r == nil {
		return nil
	}
	out := &Router{
		AskedAt: r.Asked.UTC(), Problem: known(r.Problem), CutOff: r.Ours, AnsweredAt: instant(r.Answered), StartedAt: instant(r.Started), Doubt: known(string(r.Doubt)),
	}
	if r.Access.Name != "" {
		out.Interface, out.Up, out.Speed = &r.Access.Name, &r.Access.Up, known(r.Access.SpeedBits)
	}
	out.Health = newHealth(r.Health)
	if r.Now.Covered > 0 {
		out.Carrying = &Carrying{From: r.Now.At.UTC(), Covered: seconds(r.Now.Covered), DownRate: r.Now.DownBits, UpRate: r.Now.UpBits}
	}
	return out
}
