package doctor

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"athenarefresh/internal/config"
	"athenarefresh/internal/table"
)

// TestWhatADeploymentGivesIsEnough holds the rights that are asked about against
// the role that `lambda deploy` makes, by the module's own test: a question that
// is wider than the role finds something wrong with every deployment.
func TestWhatADeploymentGivesIsEnough(t *testing.T) {
	text, err := os.ReadFile("../../terraform/tests/module.tftest.hcl")
	if err != nil {
		t.Fatal(err)
	}
	quoted := func(list string) []string {
		found := regexp.MustCompile(`(?s)` + list).FindSubmatch(text)
		if found == nil {
			t.Fatalf("the module's tests have no list like %s", list)
		}
		return strings.FieldsFunc(string(found[1]), func(r rune) bool { return strings.ContainsRune("\n \",", r) })
	}
	resources := quoted(`run "the_role_holds_no_stars_and_nothing_foreign".*?contains\(\[(.*?)\], r\)`)
	const may = `".*?\.Action\)\) == toset\(\[(.*?)\]\)`
	actions := map[config.Catalog][]string{
		config.CatalogAthena: quoted(`run "ddl_needs_this_and_no_more` + may),
		config.CatalogGlue:   quoted(`run "the_catalogs_own_api_needs_this_and_no_more` + may),
	}
	router, err := table.New([]table.Bucket{
		{Name: "acme.streamalerts", Rules: []table.Rule{{Layout: "streamalert", Table: "alerts"}}},
		{Name: "acme.cloudtrail", Rules: []table.Rule{{Layout: "cloudtrail", Table: "cloudtrail"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	const queue = "arn:aws:sqs:eu-west-1:123456789012:acme_streamalert_athena_s3_notifications"
	q := Queue{ARN: queue, Redrive: `{"deadLetterTargetArn":"` + queue + `_dlq","maxReceiveCount":100}`}
	for _, catalog := range config.Catalogs() {
		allowed := actions[catalog]
		if len(allowed) == 0 {
			t.Errorf("this test doesn't know which of the module's tests has the rights that the catalog %s takes", catalog)
			continue
		}
		c := &config.Config{Catalog: catalog, Database: "acme_streamalert", WorkGroup: "acme_streamalert", ResultsBucket: "acme.streamalert.athena-results"}
		for _, r := range rights(q, c, router) {
			if !slices.Contains(resources, r.resource) {
				t.Errorf("catalog %s: %s is not a resource of the role's", catalog, r.resource)
			}
			for _, a := range r.actions {
				if !slices.Contains(allowed, a) {
					t.Errorf("catalog %s: the role may not %s", catalog, a)
				}
			}
		}
	}
}
