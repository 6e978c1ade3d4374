package config

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// What AWS takes as names. Each check returns what is wrong, without the place.

// The longest name made of the prefix is the function's, 64 characters at most
// (Lambda, CreateFunction): 27 of them are left.
const maxPrefix = 64 - len(functionSuffix)

var (
	prefixShape    = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)
	regionShape    = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+){1,2}-[1-9][0-9]?$`)
	zoneShape      = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+){1,2}-[1-9][0-9]?[a-z]$`)
	accountShape   = regexp.MustCompile(`^[0-9]{12}$`)
	bucketShape    = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]+[a-z0-9]$`)
	databaseShape  = regexp.MustCompile(`^[a-z0-9_]+$`)
	queueShape     = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	workGroupShape = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)
	keyShape       = regexp.MustCompile(`^arn:aws[a-z-]*:kms:([a-z0-9-]+):[0-9]{12}:key/[A-Za-z0-9-]+$`)
	topicShape     = regexp.MustCompile(`^arn:aws[a-z-]*:sns:([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_-]+$`)
)

// shaped says whether s has a shape, and none of its parts between : and / is
// longer than most. A shape that counted them, {1,256}, would be compiled to as many
// copies, which every start of the program and of the function would wait for.
func shaped(s string, shape *regexp.Regexp, most int) bool {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ':' || r == '/' })
	return shape.MatchString(s) && !slices.ContainsFunc(parts, func(p string) bool { return len(p) > most })
}

func checkPrefix(s string) error {
	const choose = `choose a short name of your own, such as "example"`
	switch {
	case s == "":
		return hint(choose, "is empty")
	case s == "PREFIX_GOES_HERE":
		return hint(choose, "is still the placeholder PREFIX_GOES_HERE")
	case len(s) > maxPrefix:
		return fmt.Errorf("%q has %d characters, %d at most: the function's name could not hold more", s, len(s), maxPrefix)
	case !prefixShape.MatchString(s):
		return hint("it becomes a part of the names of buckets and queues", "%q: only a-z, 0-9 and, inside, -", s)
	}
	return reservedBucket(s + resultsSuffix)
}

func checkRegion(s string) error {
	switch {
	case regionShape.MatchString(s):
		return nil
	case zoneShape.MatchString(s):
		return hint("the region is "+s[:len(s)-1], "%q is an availability zone", s)
	}
	return hint("such as us-east-1", "%q has not the shape of a region", s)
}

func checkAccount(s string) error {
	switch {
	case accountShape.MatchString(s):
		return nil
	case s == "AWS_ACCOUNT_ID_GOES_HERE":
		return hint("`aws sts get-caller-identity` says yours", "is still the placeholder AWS_ACCOUNT_ID_GOES_HERE")
	}
	return hint("`aws sts get-caller-identity` says yours", "%q: an account id is 12 digits", s)
}

// CheckBucket says why S3 has no bucket of this name. It knows the rules for general
// purpose buckets. (S3 user guide,
// "General purpose bucket naming rules".)
func CheckBucket(s string) error {
	switch {
	case strings.Contains(s, "PREFIX_GOES_HERE"):
		return hint("write <prefix> there, it stands for account.prefix", "%q still holds the placeholder PREFIX_GOES_HERE", s)
	case strings.HasPrefix(s, "s3://") || strings.HasPrefix(s, "arn:"):
		return hint("the bucket's name alone", "%q is no bucket's name", s)
	case len(s) < 3 || len(s) > 63:
		return fmt.Errorf("%q: a bucket's name has 3 to 63 characters", s)
	case strings.ToLower(s) != s:
		return hint("bucket names are in lower case", "%q: S3 has no such name", s)
	case !bucketShape.MatchString(s):
		return fmt.Errorf("%q: a bucket's name holds only a-z, 0-9, - and ., and begins and ends with a letter or digit", s)
	case strings.Contains(s, ".."):
		return fmt.Errorf("%q: a bucket's name has no two dots in a row", s)
	}
	if ip, err := netip.ParseAddr(s); err == nil {
		return fmt.Errorf("%q: a bucket's name is not an address such as %s", s, ip)
	}
	return reservedBucket(s)
}

func reservedBucket(s string) error {
	for _, start := range []string{"xn--", "sthree-", "amzn-s3-demo-"} {
		if strings.HasPrefix(s, start) {
			return fmt.Errorf("%q: S3 reserves names that begin with %s", s, start)
		}
	}
	for _, end := range []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"} {
		if strings.HasSuffix(s, end) {
			return fmt.Errorf("%q: S3 reserves names that end in %s", s, end)
		}
	}
	return nil
}

// checkDatabase: Athena user guide, "Names for tables, databases, and columns".
func checkDatabase(s string) error {
	if shaped(s, databaseShape, 255) {
		return nil
	}
	return fmt.Errorf("%q: a database's name is 1 to 255 of a-z, 0-9 and _", s)
}

// checkQueue: SQS, CreateQueue. S3 can't notify a FIFO queue.
func checkQueue(s string) error {
	switch {
	case shaped(s, queueShape, 80):
		return nil
	case strings.ContainsAny(s, "/:"):
		return hint("the queue's name alone, no URL and no ARN", "%q is no queue's name", s)
	case strings.HasSuffix(s, ".fifo"):
		return hint("use a standard queue", "%q: S3 can't notify a FIFO queue", s)
	}
	return fmt.Errorf("%q: a queue's name is 1 to 80 of A-Z, a-z, 0-9, - and _", s)
}

func checkWorkGroup(s string) error {
	if shaped(s, workGroupShape, 128) {
		return nil
	}
	return fmt.Errorf("%q: a work group's name is 1 to 128 of A-Z, a-z, 0-9, ., - and _", s)
}

// checkKey wants the key's own ARN: permissions can't name an alias.
func checkKey(s string) error {
	switch {
	case keyShape.MatchString(s):
		return nil
	case strings.Contains(s, "alias/"):
		return hint("`aws kms describe-key` says the key's own ARN", "%q is an alias", s)
	}
	return hint("such as arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab", "%q is not the ARN of a KMS key", s)
}

// checkTopic: CloudWatch alarms can't publish to FIFO topics.
func checkTopic(s string) error {
	if shaped(s, topicShape, 256) {
		return nil
	}
	return hint("such as arn:aws:sns:us-east-1:123456789012:alarms", "%q is not the ARN of a standard SNS topic", s)
}

// Notifier is who may send to the queue beside S3 for this account's buckets.
type Notifier string

// The kinds of notifiers.
const (
	Account Notifier = "account" // S3 for its buckets
	Topic   Notifier = "topic"
	Rule    Notifier = "rule"
)

var notifierShapes = map[Notifier]*regexp.Regexp{
	Account: regexp.MustCompile(`^([0-9]{12})$`),
	Topic:   regexp.MustCompile(`^arn:aws[a-z-]*:sns:[a-z0-9-]+:([0-9]{12}):[A-Za-z0-9_-]+(?:\.fifo)?$`),
	Rule:    regexp.MustCompile(`^arn:aws[a-z-]*:events:[a-z0-9-]+:([0-9]{12}):rule/(?:[A-Za-z0-9._/-]+/)?[A-Za-z0-9._-]{1,64}$`),
}

// NotifierOf says what an element of notify_from is, and of which account; "" if
// it is nothing that could be there.
func NotifierOf(s string) (kind Notifier, account string) {
	for kind, shape := range notifierShapes {
		if found := shape.FindStringSubmatch(s); found != nil && shaped(s, shape, 256) {
			return kind, found[1]
		}
	}
	return "", ""
}

func checkNotifier(s string) error {
	if kind, _ := NotifierOf(s); kind != "" {
		return nil
	}
	return hint(`such as "123456789012", "arn:aws:sns:us-east-1:123456789012:trail" or "arn:aws:events:us-east-1:123456789012:rule/logs"`,
		"%q is neither the id of an account nor the ARN of an SNS topic or an EventBridge rule", s)
}

// uniquely is a check that takes nothing twice.
func uniquely(check func(string) error) func(string) error {
	seen := map[string]bool{}
	return func(s string) error {
		if seen[s] {
			return fmt.Errorf("%q is there twice", s)
		}
		seen[s] = true
		return check(s)
	}
}

// checkText is for texts that may not be empty and are checked elsewhere.
func checkText(s string) error {
	if s == "" {
		return errors.New("is empty")
	}
	return nil
}
