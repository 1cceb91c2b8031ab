package standard

import "errors"

// Check reads the whole standard, also what an overlay would only need now and then: every sheet that is there, every
// runtime, and the syntax of every expression. The error joins all that is wrong.
func (s *Standard) Check() error {
	var errs []error
	for _, name := range []string{SheetOverlay, SheetTenant, SheetArgoCD, SheetEnvironment, SheetPlatform} {
		if name != SheetOverlay && !s.Has(name) {
			continue
		}
		sh, err := s.sheets[name]()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, sec := range append([]section{sh.section}, sh.components...) {
			errs = append(errs, s.checkSection(sec)...)
		}
	}
	for _, name := range s.runtimes {
		_, err := s.Runtime(name)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (s *Standard) checkSection(sec section) []error {
	expressions := []*expression{sec.when}
	for _, v := range sec.values {
		expressions = append(expressions, v.value)
	}
	for _, list := range [][]part{sec.parts, sec.release} {
		for _, p := range list {
			expressions = append(expressions, p.when)
			for _, b := range p.bindings {
				expressions = append(expressions, b.each, b.value, b.add)
			}
		}
	}
	var errs []error
	for _, e := range expressions {
		if e != nil {
			errs = append(errs, e.compile(s.lang))
		}
	}
	return errs
}
