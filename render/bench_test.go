package render_test

import (
	"testing"

	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/build"
)

// BenchmarkLoad is what every process pays first: the standard read, and one overlay rendered by it.
func BenchmarkLoad(b *testing.B) {
	c := overlayCases(b)[0]
	for range b.N {
		c.in.Standard = v1(b)
		if _, err := render.Overlay(c.in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOverlay(b *testing.B) {
	for _, c := range overlayCases(b) {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				if _, err := render.Overlay(c.in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkBuild(b *testing.B) {
	for _, c := range overlayCases(b) {
		b.Run(c.name, func(b *testing.B) {
			files, err := render.Overlay(c.in)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for range b.N {
				if _, err := build.Build(files); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
