package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kartify/kartify/models"
)

// An address that leads to no replica is said on the page of the jobs, and costs nobody their figures.
func TestJobsPageSaysHowTheReplicaStands(t *testing.T) {
	_, as := castSite(t, func(o *models.Options) { o.ReplicaURL = o.URL })
	page := as("owner@ruosh.example").get("/system/jobs")
	page.want(t, http.StatusOK, "Reports and exports are read from the database itself.")
	if got := page.said("#replica"); !strings.Contains(got, "Not in use") || !strings.Contains(got, "It follows no other database; it takes changes itself.") || !strings.Contains(got, "It may be 30 s behind.") {
		t.Errorf("the panel says %q", got)
	}
	as("owner@ruosh.example").get("/").want(t, http.StatusOK, "Missing orders are not among the orders.")
	_, alone := castSite(t)
	if alone("owner@ruosh.example").get("/system/jobs").Find("#replica").Length() != 0 {
		t.Error("without a replica there is a panel about it")
	}
}
