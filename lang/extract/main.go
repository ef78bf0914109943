// Command extract brings the catalogs of package lang up to date with the code: it adds what is new, with
// nothing as its translation, and drops what is no longer said. What is left to translate it counts.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/leonelquinteros/gotext"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(root string) error {
	said, err := messages(root)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(root, "lang", "*.po"))
	if err != nil {
		return fmt.Errorf("look for the catalogs: %w", err)
	}
	for _, file := range files {
		old, err := os.ReadFile(file) //nolint:gosec // a catalog of this repository
		if err != nil {
			return fmt.Errorf("read a catalog: %w", err)
		}
		po := gotext.NewPo()
		po.Parse(old)
		text, missing := write(header(old), said, po.GetDomain().GetTranslations())
		if err := os.WriteFile(file, text, 0o644); err != nil { //nolint:gosec // everybody may read it
			return fmt.Errorf("write a catalog: %w", err)
		}
		fmt.Printf("%s: %d messages, %d to translate\n", filepath.Base(file), len(said), missing)
	}
	return nil
}
