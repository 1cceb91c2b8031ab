package stack

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// ports hands out TCP ports that are free on this machine. They lie below the range that systems take ports of
// outgoing connections from (32768 on Linux): a port from that range, free now, may be some client's a moment later.
type ports struct{ taken map[int]bool }

// next returns a free port that was not handed out before.
func (p *ports) next() (int, error) {
	for range 200 {
		port := 15000 + rand.IntN(15000)
		if p.taken[port] || !portFree(port) {
			continue
		}
		p.taken[port] = true
		return port, nil
	}
	return 0, fmt.Errorf("find a free port: 200 tries between 15000 and 30000 found none")
}

// portFree tells whether the port can be listened on, on loopback and on all addresses (some parts take all).
func portFree(port int) bool {
	for _, host := range []string{"127.0.0.1", ""} {
		l, err := net.Listen("tcp", fmt.Sprintf("%s:%d", host, port))
		if err != nil {
			return false
		}
		l.Close()
	}
	return true
}

// take returns as many free ports as asked for.
func (p *ports) take(n int) ([]int, error) {
	all := make([]int, n)
	for i := range all {
		port, err := p.next()
		if err != nil {
			return nil, err
		}
		all[i] = port
	}
	return all, nil
}
