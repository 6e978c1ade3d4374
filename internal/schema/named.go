package schema

import (
	"fmt"

	"athenarefresh/internal/hiveql"
)

// Names are the schemas that are known by name.
func Names() []string { return []string{"alerts", "cloudtrail"} }

// Named is a schema of [Names], and whether there is one of that name.
func Named(name string) (Schema, bool) {
	switch name {
	case "alerts":
		return Schema{Columns: mustColumns(alerts), Format: JSON()}, true
	case "cloudtrail":
		return Schema{Columns: mustColumns(trail), Format: CloudTrail()}, true
	}
	return Schema{}, false
}

// Trail is the columns of CloudTrail's events, as a statement has them.
func Trail() string { return trail }

// mustColumns reads a list that stands below.
func mustColumns(list string) []hiveql.Column {
	columns, err := columnsOf(list)
	if err != nil {
		panic(fmt.Sprintf("schema: %v", err)) // the text is a constant
	}
	return columns
}

// alerts are StreamAlert's, one JSON object a line.
const alerts = `
  id string,
  rule_name string,
  rule_description string,
  created string,
  cluster string,
  log_source string,
  log_type string,
  source_entity string,
  source_service string,
  outputs array<string>,
  publishers map<string,string>,
  context map<string,string>,
  record map<string,string>,
  staged boolean
`

// trail is the columns that Athena's user guide gives CloudTrail's events
// ("Querying AWS CloudTrail logs"). What differs from call to call is text.
const trail = `
  eventversion string,
  useridentity struct<
    type: string, principalid: string, arn: string, accountid: string, invokedby: string,
    accesskeyid: string, username: string,
    sessioncontext: struct<
      attributes: struct<mfaauthenticated: string, creationdate: string>,
      sessionissuer: struct<type: string, principalid: string, arn: string, accountid: string, username: string>>>,
  eventtime string,
  eventsource string,
  eventname string,
  awsregion string,
  sourceipaddress string,
  useragent string,
  errorcode string,
  errormessage string,
  requestparameters string,
  responseelements string,
  additionaleventdata string,
  requestid string,
  eventid string,
  resources array<struct<arn: string, accountid: string, type: string>>,
  eventtype string,
  apiversion string,
  readonly string,
  recipientaccountid string,
  serviceeventdetails string,
  sharedeventid string,
  vpcendpointid string,
  eventcategory string,
  tlsdetails struct<tlsversion: string, ciphersuite: string, clientprovidedhostheader: string>
`
