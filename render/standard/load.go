package standard

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"
	"sync"
)

// The sheets of a standard, each with a folder of manifests of the same name.
const (
	SheetOverlay     = "overlay"
	SheetTenant      = "tenant"
	SheetArgoCD      = "argocd"
	SheetEnvironment = "environment"
	SheetPlatform    = "platform"
)

// maxFiles and maxBytes bound a standard, since a folder of a repository can hold anything.
const (
	maxFiles = 1000
	maxBytes = 8 << 20
)

// Standard is a loaded standard. It is read-only and may be used by several goroutines.
type Standard struct {
	name     string
	digest   string
	files    map[string][]byte
	runtimes []string
	lang     *language
	sheets   map[string]func() (*sheet, error)
}

// Load reads the standard in the folder of this name. The error is *UnknownError where there is no such folder.
func Load(fsys fs.FS, name string) (*Standard, error) {
	files, err := readAll(fsys, name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(files) == 0 {
		return nil, &UnknownError{Name: name, Known: folders(fsys)}
	}
	if err != nil {
		return nil, fmt.Errorf("read standard %s: %w", name, err)
	}
	lang, err := newLanguage()
	if err != nil {
		return nil, fmt.Errorf("read standard %s: %w", name, err)
	}
	s := &Standard{name: name, digest: digest(files), files: files, lang: lang, sheets: map[string]func() (*sheet, error){}}
	for _, of := range []string{SheetOverlay, SheetTenant, SheetArgoCD, SheetEnvironment, SheetPlatform} {
		s.sheets[of] = sync.OnceValues(func() (*sheet, error) { return s.readSheet(of) })
	}
	s.runtimes = s.names("runtimes/")
	return s, nil
}

// Name of the standard: that of its folder.
func (s *Standard) Name() string { return s.name }

// Digest of the files that overlays are rendered from by their paths, sha256:HEX. It does not depend on the standard's
// name, nor on what is rendered for tenants and Argo CD: that follows the platform and no release.
func (s *Standard) Digest() string { return s.digest }

// Runtimes lists the names of the standard's runtimes in order.
func (s *Standard) Runtimes() []string { return append([]string(nil), s.runtimes...) }

// Has says whether the standard has this sheet.
func (s *Standard) Has(sheet string) bool { return s.files[sheet+".yaml"] != nil }

// names lists the YAML files right under a folder, without their endings.
func (s *Standard) names(folder string) []string {
	var names []string
	for file := range s.files {
		rest, in := strings.CutPrefix(file, folder)
		base, yaml := strings.CutSuffix(rest, ".yaml")
		if in && yaml && !strings.Contains(base, "/") {
			names = append(names, base)
		}
	}
	sort.Strings(names)
	return names
}

func readAll(fsys fs.FS, dir string) (map[string][]byte, error) {
	files := map[string][]byte{}
	total := 0
	err := fs.WalkDir(fsys, dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !d.Type().IsRegular() {
			return fmt.Errorf("%s is not a plain file", file)
		}
		data, err := fs.ReadFile(fsys, file)
		if err != nil {
			return err
		}
		if total += len(data); total > maxBytes || len(files) >= maxFiles {
			return fmt.Errorf("%s: more than %d files or %d bytes are no standard", dir, maxFiles, maxBytes)
		}
		files[strings.TrimPrefix(file, path.Clean(dir)+"/")] = data
		return nil
	})
	return files, err
}

// ofPlatform are the sheets that are not rendered for an overlay.
var ofPlatform = [...]string{SheetTenant, SheetArgoCD, SheetEnvironment, SheetPlatform}

// digest writes each file with the lengths of its name and content before them, so that no two folders run together.
func digest(files map[string][]byte) string {
	names := make([]string, 0, len(files))
	for name := range files {
		if part, _, _ := strings.Cut(name, "/"); !slices.Contains(ofPlatform[:], strings.TrimSuffix(part, ".yaml")) {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	h := sha256.New()
	write := func(data []byte) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(data))))
		h.Write(data)
	}
	for _, name := range names {
		write([]byte(name))
		write(files[name])
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

func folders(fsys fs.FS) []string {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}
