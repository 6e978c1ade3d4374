package demo

import (
	"encoding/json"
	"strings"
)

// rule makes alerts of events. The first that matches an event makes its only one.
type rule struct {
	name, description string
	matches           func(*fields) bool
}

// rules returns the rules, the graver first.
func rules() []rule {
	return []rule{
		{"root_activity", "somebody works as the account's root user", isRoot},
		{"console_login_failed", "a login to the console failed", loginFailed},
		{"cloudtrail_changed", "the trail that records all this was changed, or somebody tried to", trailChanged},
		{"access_denied", "a call was refused for want of permission", denied},
		{"iam_changed", "users, roles or their permissions were changed", iamChanged},
	}
}

func isRoot(f *fields) bool {
	return f.UserIdentity.Type == "Root" && f.UserIdentity.InvokedBy == ""
}

func loginFailed(f *fields) bool {
	return f.EventName == "ConsoleLogin" && (f.ResponseElements.ConsoleLogin == "Failure" || f.ErrorMessage != "" || f.ErrorCode != "")
}

func trailChanged(f *fields) bool {
	if f.EventSource != "cloudtrail.amazonaws.com" {
		return false
	}
	switch f.EventName {
	case "DeleteTrail", "StopLogging", "UpdateTrail", "PutEventSelectors", "PutInsightSelectors":
		return true
	}
	return false
}

func denied(f *fields) bool {
	return strings.HasPrefix(string(f.ErrorCode), "AccessDenied") || strings.HasSuffix(string(f.ErrorCode), "UnauthorizedOperation")
}

func iamChanged(f *fields) bool {
	if f.EventSource != "iam.amazonaws.com" {
		return false
	}
	if readOnly, ok := f.ReadOnly.(bool); ok {
		return !readOnly
	}
	for _, prefix := range []string{"Get", "List", "Generate", "Simulate"} {
		if strings.HasPrefix(string(f.EventName), prefix) {
			return false
		}
	}
	return f.EventName != ""
}

// alert is an alert as StreamAlert writes it.
type alert struct {
	ID              string            `json:"id"`
	RuleName        string            `json:"rule_name"`
	RuleDescription string            `json:"rule_description"`
	Created         string            `json:"created"`
	Cluster         string            `json:"cluster"`
	LogSource       string            `json:"log_source"`
	LogType         string            `json:"log_type"`
	SourceEntity    string            `json:"source_entity"`
	SourceService   string            `json:"source_service"`
	Outputs         []string          `json:"outputs"`
	Publishers      map[string]string `json:"publishers"`
	Context         map[string]string `json:"context"`
	Record          json.RawMessage   `json:"record"`
	Staged          bool              `json:"staged"`
}

// alertOf makes the alert of an event, one line; nil if no rule matches.
func alertOf(e *event) ([]byte, error) {
	for _, r := range rules() {
		if !r.matches(&e.fields) {
			continue
		}
		f := &e.fields
		return json.Marshal(alert{
			ID: string(f.EventID), RuleName: r.name, RuleDescription: r.description, Created: string(f.EventTime),
			Cluster: "demo", LogSource: "cloudtrail:events", LogType: "json",
			SourceEntity: string(f.RecipientAccountID), SourceService: "s3",
			Outputs: []string{}, Publishers: map[string]string{},
			Context: map[string]string{"who": who(f), "event": string(f.EventName), "error": string(f.ErrorCode)},
			Record:  json.RawMessage(e.line),
		})
	}
	return nil, nil
}

// who is the caller: what follows the account in the ARN, or else its kind.
func who(f *fields) string {
	if parts := strings.SplitN(string(f.UserIdentity.ARN), ":", 6); len(parts) == 6 {
		return parts[5]
	}
	return string(f.UserIdentity.Type)
}
