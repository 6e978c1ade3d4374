package doctor

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"athenarefresh/internal/faults"
)

// Identity is whose the credentials are, and where they are used. What came with
// an answer that refused them is there beside the error.
type Identity struct {
	Account string
	ARN     string
	Region  string        // that the SDK was told
	Skew    time.Duration // this machine's clock less AWS's; within a second
	Dated   bool          // there was an answer with a date
}

// Of the clock: SigV4 refuses what was signed more than fifteen minutes from
// AWS's own time (SigV4, "Elements of a request"), and clocks drift on.
const (
	skewWrong   = 5 * time.Minute
	skewWarning = time.Minute
)

// credentials judges what goes before all others: without credentials, or with those
// of another account, all of them would say the same.
func credentials(who Identity, err error, account string) Finding {
	switch {
	case err == nil && who.Account == account:
		return ok("%s in account %s", who.ARN, who.Account)
	case err == nil:
		return wrong(fmt.Sprintf("they are of account %s, aws_account_id in global.json is %s", who.Account, account),
			"use the other account's credentials (AWS_PROFILE), or correct aws_account_id")
	case errors.Is(err, ErrRefused) && who.Dated && skew(who) >= skewWrong:
		return wrong(fmt.Sprintf("%v: this machine's clock is %s", err, off(who)), "set the clock: timedatectl set-ntp true")
	case errors.Is(err, ErrRefused):
		return wrong(err.Error(), cmp.Or(faults.HintOf(err), "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, to others"))
	case errors.Is(err, ErrNoCredentials):
		return wrong(err.Error(), `set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; without an AWS account, start "athena-refresh local" and set what it prints`)
	case errors.Is(err, ErrProxy):
		return wrong(err.Error(), "does the proxy run, and let this host through? NO_PROXY names hosts that need none")
	case errors.Is(err, ErrUnreachable):
		return wrong(err.Error(), `is AWS_ENDPOINT_URL right, does "athena-refresh local" run?`)
	}
	return unread(err, "sts:GetCallerIdentity", Finding{})
}

// region compares what the SDK uses, which goes before global.json.
func region(who Identity, err error, configured string) Finding {
	switch {
	case who.Region == "" && err != nil:
		return unread(err, "sts:GetCallerIdentity", Finding{})
	case who.Region != configured:
		return warning(fmt.Sprintf("the environment says %s, and so everything below was looked for there", who.Region),
			fmt.Sprintf("unset AWS_REGION and AWS_DEFAULT_REGION (or the profile's region), or set account.region in global.json to %q", who.Region))
	}
	return ok("as in global.json")
}

func clock(who Identity) Finding {
	const hint = "set the clock: timedatectl set-ntp true"
	switch s := skew(who); {
	case !who.Dated:
		return unchecked("no answer had a date", "")
	case s > skewWrong:
		return wrong(fmt.Sprintf("it is %s; AWS refuses requests that are off by 15 minutes", off(who)), hint)
	case s > skewWarning:
		return warning("it is "+off(who), hint)
	}
	return ok("within a minute of AWS's")
}

func skew(who Identity) time.Duration { return who.Skew.Abs() }

// off says how a clock goes wrong.
func off(who Identity) string {
	if who.Skew < 0 {
		return skew(who).Round(time.Second).String() + " slow"
	}
	return skew(who).Round(time.Second).String() + " fast"
}
