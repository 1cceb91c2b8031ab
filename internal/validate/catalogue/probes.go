package catalogue

// probe is one of a container's probes, with the defaults of the API.
type probe struct {
	name    string
	content map[string]any
}

func (c container) probe(name string) (probe, bool) {
	m, ok := c.content[name].(map[string]any)
	return probe{name, m}, ok
}

// probes that a container has.
func (c container) probes() []probe {
	var out []probe
	for _, name := range []string{"startupProbe", "readinessProbe", "livenessProbe"} {
		if p, ok := c.probe(name); ok {
			out = append(out, p)
		}
	}
	return out
}

func (p probe) period() int64   { return max(1, numberOr(p.content["periodSeconds"], 10)) }
func (p probe) failures() int64 { return max(1, numberOr(p.content["failureThreshold"], 3)) }

// allows is for how many seconds the probe may fail from the container's start.
func (p probe) allows() int64 {
	return numberOr(p.content["initialDelaySeconds"], 0) + p.period()*p.failures()
}

// handler is what the probe does: httpGet, tcpSocket, grpc or exec, and its content.
func (p probe) handler() (string, map[string]any) {
	for _, kind := range []string{"httpGet", "grpc", "tcpSocket", "exec"} {
		if m, ok := p.content[kind].(map[string]any); ok {
			return kind, m
		}
	}
	return "", nil
}
