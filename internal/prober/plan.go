package prober

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"vigie/probe"
	"vigie/probe/snmp"
)

// Plan is everything that a prober is told to do.
type Plan struct {
	Configuration Configuration
	Targets       []probe.Target
	Routers       []snmp.Router
	Questions     []Question
	Reflectors    []Reflector
}

// maxPlan bounds a plan, unpacked, in octets: some 200,000 targets.
const maxPlan = 64 << 20

// plainPlan is a plan as it travels and lies on disk. A credential stands in it once,
// with its secrets: the way is encrypted, and the file is the prober's own.
type plainPlan struct {
	Configuration Configuration
	Targets       []probe.Target
	Credentials   []plainCredential
	Routers       []plainRouter
	Questions     []Question
	Reflectors    []Reflector
}

// plainCredential is a credential whose JSON shows its secrets.
type plainCredential snmp.Credential

// plainRouter names its credential by its place in the list, from 1; 0 = none.
type plainRouter struct {
	snmp.Router
	Credential int
}

// Encode packs the plan, the same one always into the same octets. Where the core keeps
// its secrets and profiles, and hears notifications, is not part of it.
func (p Plan) Encode() ([]byte, error) {
	plain := plainPlan{Configuration: p.Configuration, Targets: p.Targets, Questions: p.Questions, Reflectors: p.Reflectors}
	plain.Configuration.StampKeyFile = ""
	own := &plain.Configuration.SNMP
	own.Credentials, own.Profiles, own.Traps = nil, "", ""
	places := map[snmp.Credential]int{{}: 0}
	for _, r := range p.Routers {
		place, known := places[r.Credential]
		if !known {
			plain.Credentials = append(plain.Credentials, plainCredential(r.Credential))
			place = len(plain.Credentials)
			places[r.Credential] = place
		}
		r.Credential = snmp.Credential{}
		plain.Routers = append(plain.Routers, plainRouter{r, place})
	}
	var out bytes.Buffer
	packed := gzip.NewWriter(&out)
	err := errors.Join(json.NewEncoder(packed).Encode(plain), packed.Close())
	if err != nil {
		return nil, fmt.Errorf("encode a plan: %w", err)
	}
	return out.Bytes(), nil
}

// DecodePlan unpacks a plan. Its error shows no secret. What a newer core adds is passed
// over.
func DecodePlan(packed []byte) (Plan, error) {
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return Plan{}, fmt.Errorf("plan: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(unpacked, maxPlan+1))
	if err != nil {
		return Plan{}, fmt.Errorf("plan: %w", err)
	}
	if len(text) > maxPlan {
		return Plan{}, fmt.Errorf("plan: more than %d octets unpacked", maxPlan)
	}
	var plain plainPlan
	if err := json.Unmarshal(text, &plain); err != nil {
		return Plan{}, fmt.Errorf("plan: %w", err)
	}
	p := Plan{Configuration: plain.Configuration, Targets: plain.Targets, Questions: plain.Questions, Reflectors: plain.Reflectors}
	for i, r := range plain.Routers {
		if r.Credential < 0 || r.Credential > len(plain.Credentials) {
			return Plan{}, fmt.Errorf("plan: router %d: credential %d, expected 0 to %d", i+1, r.Credential, len(plain.Credentials))
		}
		router := r.Router
		if r.Credential > 0 {
			router.Credential = snmp.Credential(plain.Credentials[r.Credential-1])
		}
		p.Routers = append(p.Routers, router)
	}
	return p, p.validate()
}

// validate refuses a plan that no prober could follow.
func (p Plan) validate() error {
	if err := p.Configuration.Validate(); err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	for _, r := range p.Routers {
		if r.Credential == (snmp.Credential{}) {
			continue
		}
		if err := r.Credential.Validate(); err != nil {
			return fmt.Errorf("plan: router of link %d: %w", r.Link, err)
		}
	}
	// A prober that never starts knows the rest.
	if err := new(Prober).Follow(p); err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	return nil
}

// Follow replaces what the prober looks at, from the next cycle on; it may be called at
// any time. The configuration is that of New and stays. After an error a part of the
// plan may be followed already.
func (p *Prober) Follow(plan Plan) error {
	if err := p.SetQuestions(plan.Questions); err != nil {
		return err
	}
	if err := p.SetReflectors(plan.Reflectors); err != nil {
		return err
	}
	if err := p.SetRouters(plan.Routers); err != nil {
		return err
	}
	return p.SetTargets(plan.Targets)
}
