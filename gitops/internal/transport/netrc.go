package transport

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/modelops/modelops/gitops/internal/git"
)

// netrc looks a host up in ~/.netrc, where git finds passwords through curl. A user name that is given has to be the one
// in the file.
func netrc(g git.Program, host, user string) (login, password string) {
	home, ok := g.Env("HOME")
	if !ok || home == "" {
		return "", ""
	}
	data, err := os.ReadFile(filepath.Join(home, ".netrc"))
	if err != nil {
		return "", "" // a file that is not there is normal, and git says nothing of others
	}
	return parseNetrc(string(data), host, user)
}

// netrcEntry is one "machine"; the last, "default", has the empty name.
type netrcEntry struct{ machine, login, password string }

func parseNetrc(text, host, user string) (login, password string) {
	for _, e := range netrcEntries(text) {
		if (e.machine == "" || strings.EqualFold(e.machine, host)) && (user == "" || e.login == user) && e.password != "" {
			return e.login, e.password
		}
	}
	return "", ""
}

func netrcEntries(text string) []netrcEntry {
	var out []netrcEntry
	words := netrcWords(text)
	next := func() string {
		if len(words) == 0 {
			return ""
		}
		w := words[0]
		words = words[1:]
		return w
	}
	for len(words) > 0 {
		word := next()
		switch {
		case word == "machine":
			out = append(out, netrcEntry{machine: next()})
		case word == "default":
			out = append(out, netrcEntry{})
		case len(out) == 0:
		case word == "login":
			out[len(out)-1].login = next()
		case word == "password":
			out[len(out)-1].password = next()
		case word == "account":
			next()
		}
	}
	return out
}

// netrcWords splits at blanks, outside quotes. Comments, and macros up to an empty line, are left out.
func netrcWords(text string) []string {
	var out []string
	macro := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if macro = macro && line != ""; macro {
			continue
		}
		for line != "" && line[0] != '#' {
			var word string
			word, line = netrcWord(line)
			if macro = word == "macdef"; macro {
				break
			}
			out = append(out, word)
		}
	}
	return out
}

func netrcWord(line string) (word, rest string) {
	if line[0] != '"' {
		i := strings.IndexAny(line, " \t")
		if i < 0 {
			return line, ""
		}
		return line[:i], strings.TrimLeft(line[i:], " \t")
	}
	var b strings.Builder
	i := 1
	for ; i < len(line) && line[i] != '"'; i++ {
		if line[i] == '\\' && i+1 < len(line) {
			i++
		}
		b.WriteByte(line[i])
	}
	return b.String(), strings.TrimLeft(line[min(i+1, len(line)):], " \t")
}
