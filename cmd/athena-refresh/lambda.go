package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/aws/account"
	"athenarefresh/internal/config"
	"athenarefresh/internal/deploy"
	"athenarefresh/internal/faults"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"
)

// processors are what --processor may be.
var processors = []string{"athena", "rule", "alert", "all"}

// lambdaFlags are the flags of lambda's commands.
type lambdaFlags struct {
	processor string
	yes       bool
	dryRun    bool

	adopt        bool   // deploy
	architecture string // deploy
	source       string // deploy
	pkg          string // deploy
	sum          string // deploy: of pkg
	checkOnly    bool   // deploy: something is wrong already, so that nothing is to be changed

	yesDestroy   string // destroy
	dropDatabase bool   // destroy
	dropResults  bool   // destroy
}

// asks says whether a processor is meant.
func (f *lambdaFlags) asks(processor string) bool {
	return f.processor == processor || f.processor == "all"
}

func (a *app) lambda() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lambda",
		Short: "Deploy the function to AWS, roll it back, take it out again",
		Args:  unknown,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.lambdaDeploy(), a.lambdaRollback(), a.lambdaDestroy())
	return cmd
}

// processorFlag gives a command the flag --processor.
func (a *app) processorFlag(cmd *cobra.Command, f *lambdaFlags) {
	cmd.Flags().StringVar(&f.processor, "processor", "", "athena: this function; rule, alert: StreamAlert's; all: these three")
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := exactly(0, "lambda "+cmd.Name()+": takes no arguments")(cmd, args); err != nil {
			return err
		}
		if !slices.Contains(processors, f.processor) {
			return faults.Hint(fmt.Errorf("lambda %s: --processor %q", cmd.Name(), f.processor), "it is athena, rule, alert or all")
		}
		return nil
	}
	a.jsonFlag(cmd)
}

// target is the account that a command works on.
type target struct {
	c   *config.Config
	cfg aws.Config
}

// target reads the configuration and sees that the credentials are those of its
// account: names such as a queue's say nothing of whose they are.
func (a *app) target(ctx context.Context) (*target, error) {
	c, _, err := a.router()
	if err != nil {
		return nil, err
	}
	if c.Assumed != "" {
		return nil, faults.Hint(fmt.Errorf("the name of bucket %s is assumed: discover made it of a folder's", c.Assumed),
			`write the real one into lambda.json, the account's own settings into global.json, and take "assumed" out of that`)
	}
	cfg, err := a.aws(ctx, c)
	if err != nil {
		return nil, err
	}
	account, err := account.Account(ctx, cfg)
	if err != nil {
		return nil, explainAWS("check the credentials", err)
	}
	if account != c.Account {
		return nil, faults.Hint(fmt.Errorf("the credentials are of account %s, the configuration is for %s", account, c.Account),
			"set AWS_PROFILE, or account.aws_account_id in global.json")
	}
	return &target{c, cfg}, nil
}

// deployError puts what deployment refuses in a person's words.
func deployError(err error) error {
	var unwritten *deploy.UnwrittenError
	switch {
	case err == nil || errors.Is(err, errNotConfirmed):
		return err
	case errors.As(err, &unwritten):
		return faults.Hint(err, "before anything else, write it to where it belongs: %s", unwritten.Push)
	case errors.Is(err, deploy.ErrKilled):
		return faults.Hint(err, "run it again: what the state does not know is named then, and --adopt takes it; a lock that was left behind is the object %s.tflock in the state bucket", deploy.StateKey)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%w; what was done is kept, and the next run goes on from there", errInterrupted)
	case errors.Is(err, deploy.ErrNoTerraform):
		return faults.Hint(err, "install it (developer.hashicorp.com/terraform/install, opentofu.org/docs/intro/install), or use the module in terraform/ by other means")
	case errors.Is(err, deploy.ErrNoGo):
		return faults.Hint(err, "name the release's zip with --package athena-refresh_VERSION_lambda_ARCH.zip, or install Go")
	case errors.Is(err, deploy.ErrNoSource):
		return faults.Hint(err, "name the release's zip with --package athena-refresh_VERSION_lambda_ARCH.zip, or the repository's folder with --source")
	case errors.Is(err, deploy.ErrUnchecked):
		return faults.Hint(err, "put the release's SHA256SUMS beside it, or say what it has to be with --sha256")
	case errors.As(err, new(deploy.ExistingError)):
		return faults.Hint(err, "--adopt takes them into this deployment; or change the names in lambda.json")
	case errors.Is(err, deploy.ErrNoVersionBefore), errors.Is(err, deploy.ErrNoFunction), errors.Is(err, deploy.ErrNoAlias):
		return err
	case strings.Contains(err.Error(), "Error acquiring the state lock"):
		return faults.Hint(err, "somebody else deploys just now; a lock that was left behind is the object %s.tflock in the state bucket", deploy.StateKey)
	}
	return explainAWS("lambda", err)
}
