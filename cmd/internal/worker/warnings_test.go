package worker

import (
	"slices"
	"testing"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
)

// TestTheSDKWarnsInTheLog: the SDK's own way is a line of text on stderr.
func TestTheSDKWarnsInTheLog(t *testing.T) {
	var said []string
	var o awsconfig.LoadOptions
	if err := Warnings(func(text string) { said = append(said, text) })(&o); err != nil {
		t.Fatal(err)
	}
	o.Logger.Logf(logging.Debug, "attempt %d", 2)
	o.Logger.Logf(logging.Warn, "falling back to %s", "IMDSv1")
	if !slices.Equal(said, []string{"AWS SDK: falling back to IMDSv1"}) {
		t.Errorf("%q", said)
	}
}
