package catalogue

// image is a reference to an image, or to an artifact in a registry, and where it is written.
type image struct {
	of, reference string
	path          []any
}

// images of the containers and of the image volumes.
func (w workload) images() []image {
	var out []image
	for _, c := range w.everyContainer() {
		out = append(out, image{"container " + c.name(), text(c.content["image"]), c.in("image")})
	}
	for i, v := range list(w.At(w.within("volumes")...)) {
		if ref, ok := fields(fields(v)["image"])["reference"].(string); ok {
			out = append(out, image{"volume " + text(fields(v)["name"]), ref, w.within("volumes", i, "image", "reference")})
		}
	}
	return out
}
