package argocd

// Judge.
func Judge(w Want, p Patience, s State) Verdict { return Verdict{} }
