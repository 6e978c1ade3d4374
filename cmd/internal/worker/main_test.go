package worker

import (
	"os"
	"testing"

	"athenarefresh/internal/aws/awstest"
)

func TestMain(m *testing.M) {
	awstest.Forget(true)
	os.Exit(m.Run())
}
