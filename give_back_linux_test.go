package main

import (
	"testing"

	"github.com/prometheus/procfs"
)

func TestPagesOfTheStartAreGivenBack(t *testing.T) {
	resident := func() uint64 { // bytes of files, the program's above all
		self, err := procfs.Self()
		if err != nil {
			t.Fatal(err)
		}
		status, err := self.NewStatus()
		if err != nil {
			t.Fatal(err)
		}
		return status.RssFile
	}
	before := resident()
	if err := giveBack(); err != nil {
		t.Fatal(err)
	}
	if after := resident(); before == 0 || after > before*3/4 {
		t.Errorf("of %d bytes of the program %d are still resident", before, after)
	}
}
