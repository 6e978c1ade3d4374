package table

import (
	"strings"
	"testing"
)

func TestWhatWouldHelp(t *testing.T) {
	day := Rule{Layout: "logs/{app}/{yyyy}-{MM}-{dd}/", Table: "t"}
	trail := Rule{Layout: "cloudtrail", Table: "t"}
	for key, c := range map[string]struct {
		rule Rule
		want string // in what explain says; "" for nothing about it
	}{
		"logs/web/2024/f":                     {day, `layout logs/{app}/{yyyy}-{MM}-{dd}/, rule 1, fits "logs/web/" and then wants "{yyyy}-{MM}-{dd}/", where the key has "2024/"`},
		"logs/web/f":                          {day, `fits "logs/web/" and then wants "{yyyy}-{MM}-{dd}/", where the key has its file: the last element never takes part`},
		"log/web/f":                           {day, `begins with a folder "logs/", the key with "log/"`},
		"f":                                   {day, `begins with a folder "logs/", and the key is a file alone`},
		"AWSLogs/1/cloudtrail/f":              {trail, `fits "AWSLogs/1/" and then wants "CloudTrail/", where the key has "cloudtrail/"`},
		"x/AWSLogs/o-1/1/CloudTrail/eu/f":     {trail, `fits "AWSLogs/o-1/1/CloudTrail/eu/" and then wants "{yyyy}/", where the key has its file`},
		"awslogs/1/f":                         {trail, `begins with a folder "AWSLogs/", and the key has none`},
		"p/web/2024-01-31/f":                  {Rule{Prefix: "p/w", Layout: "{app}/{yyyy}-{MM}-{dd}/", Table: "t"}, `a layout begins at the key's root, not behind the rule's prefix: "p/{app}/{yyyy}-{MM}-{dd}/" would fit`},
		"p/q/2024-01-31/f":                    {Rule{Prefix: "p/*/", Layout: "{yyyy}-{MM}-{dd}/", Table: "t"}, `begins with a folder "{yyyy}-{MM}-{dd}/", the key with "p/"`},
		"a-b/2018/03/01/05/f":                 {Rule{Layout: "streamalert-data"}, `"table": "{table}" in the rule makes a name of any text`},
		"x/E1.2023-02-16-14.e5.gz":            {day, `the time 2023-02-16 is in the file's name, and a partition is a folder: have the writer put it into the prefix`},
		"x/20230216_0.gz":                     {day, `the time 20230216 is in the file's name`},
		"x/2023-0216.gz":                      {day, ``},
		"x/20231316.gz":                       {day, ``},
		"x/120230216.gz":                      {day, ``},
		"date=2024-01-311706745599-0b1c.gz":   {Rule{Layout: "hive", Keys: []string{"date"}, Table: "t"}, `"date=2024-01-31" stands in the file's name: the writer's prefix lacks its last slash, "date=2024-01-31/"`},
		"o3vrnil0e2ic28trm7dfhrc2v0clambda4n": {Rule{Table: "t"}, `the object lies in no folder, and a partition is a folder`},
		"2018/13/01/05/20180101":              {Rule{Table: "t"}, ``}, // no calendar has it, and that is all
	} {
		_, steps := router(t, c.rule).Explain("b", key)
		said := strings.Join(steps, "\n")
		if !strings.Contains(said, c.want) || c.want == "" && strings.Contains(said, "in the file's name") {
			t.Errorf("%s:\n%s\nwant %s", key, said, c.want)
		}
	}
}

// TestAHintIsOfARuleThatCouldTakeTheKey: one whose prefix or file doesn't fit may get
// further, and helps nobody; one that ignores doesn't end the search.
func TestAHintIsOfARuleThatCouldTakeTheKey(t *testing.T) {
	r := router(t,
		Rule{Prefix: "tmp/", Ignore: true},
		Rule{Prefix: "elsewhere/", Layout: "logs/{app}/deep/{yyyy}/", Table: "p"},
		Rule{File: "*.gz", Layout: "logs/{app}/deep/{yyyy}/", Table: "f"},
		Rule{Layout: "logs/{yyyy}/", Table: "t"})
	_, steps := r.Explain("b", "logs/web/deep/f")
	if said := strings.Join(steps, "\n"); !strings.Contains(said, `layout logs/{yyyy}/, rule 4, fits "logs/" and then`) {
		t.Errorf("it says nothing of rule 4:\n%s", said)
	}
}

// TestATooLongNameIsNotToldToBeMadeOfAnyText, as it is already.
func TestATooLongNameIsNotToldToBeMadeOfAnyText(t *testing.T) {
	p, steps := router(t, Rule{Layout: "{app}/{yyyy}/", Table: "{app}_logs"}).Explain("b", strings.Repeat("a", 300)+"/2024/f")
	if said := strings.Join(steps, "\n"); p.Reason != InvalidTableName || strings.Contains(said, "of any text") {
		t.Errorf("%+v:\n%s", p, said)
	}
}
