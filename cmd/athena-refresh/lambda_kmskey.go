package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"athenarefresh/internal/aws/diagnostics"
	"athenarefresh/internal/deploy"
	"athenarefresh/internal/doctor"
)

// checkKey refuses kms_key_arn if S3 may not use it: with the queue encrypted by
// it, notifications would vanish without an error anywhere. Who may not read a
// key's policy is told to look.
func (a *app) checkKey(ctx context.Context, t *target) error {
	if t.c.KMSKeyARN == "" {
		return nil
	}
	k, err := diagnostics.Facts(t.cfg, nil).Key(ctx, t.c.KMSKeyARN)
	switch {
	case errors.Is(err, doctor.ErrDenied):
		a.tell(slog.LevelWarn, fmt.Sprintf("whether S3 may use the key was not checked: %v. Its policy needs the statement of docs/terraform.md, \"A key of your own\"", err), "")
		return nil
	case errors.Is(err, doctor.ErrMissing):
		return hint(fmt.Errorf("kms_key_arn: there is no key %s", t.c.KMSKeyARN), "correct it in lambda.json, or leave it out: then SQS's own key is used")
	case err != nil:
		return explainAWS("look at kms_key_arn", err)
	}
	switch f := doctor.KeyForQueue(deploy.QueueARN(t.c, t.cfg.Region), k, t.c); f.Verdict {
	case doctor.OK:
	case doctor.Wrong:
		return hint(fmt.Errorf("kms_key_arn: %s", f.What), "%s; docs/terraform.md has it under \"A key of your own\"", f.Hint)
	default:
		a.tell(slog.LevelWarn, "kms_key_arn: "+f.What, "")
	}
	return nil
}
