package awserror

import (
	"net"
	"strings"
)

// What helps where the credentials themselves are refused.
const (
	ranOut   = `they ran out: sign in again ("aws sso login", or new session credentials)`
	clock    = "this machine's clock is too far from AWS's: timedatectl set-ntp true"
	secret   = "is the secret key that of this access key, and does no proxy change the request?"
	key      = "there is no such access key: is it right, active, and of this endpoint's account? Temporary ones go with their AWS_SESSION_TOKEN"
	unsigned = "the request came without a whole signature: does a proxy take it off?"
)

// refusals are the exceptions by which a service refuses the credentials themselves,
// whatever it was asked, and what helps: those of the Query protocol, of the JSON
// protocols, and S3's own. (AWS general reference, "Common errors"; S3 API
// reference, "Error responses".)
var refusals = map[string]string{
	"ExpiredToken": ranOut, "ExpiredTokenException": ranOut,
	"RequestTimeTooSkewed": clock, "RequestExpired": clock,
	"SignatureDoesNotMatch": secret, "InvalidSignatureException": secret,
	"InvalidClientTokenId": key, "UnrecognizedClientException": key, "InvalidAccessKeyId": key, "InvalidToken": key,
	"MissingAuthenticationToken": unsigned, "MissingAuthenticationTokenException": unsigned, "IncompleteSignature": unsigned,
}

// Refused says whether a service refused the credentials themselves, whatever it
// was asked: they are unknown or expired, or sign wrongly.
func Refused(err error) bool { return refusals[Code(err)] != "" }

// Advice is what helps where a service refused the credentials, "" where it didn't.
func Advice(err error) string {
	advice, message := refusals[Code(err)], Message(err)
	if advice == secret && (strings.Contains(message, "Signature expired") || strings.Contains(message, "not yet current")) {
		advice = clock // SigV4 has one exception for both
	}
	if advice != "" && fromLoopback(err) {
		advice += `; those of "athena-refresh local" are test and test`
	}
	return advice
}

// fromLoopback says whether this machine itself answered.
func fromLoopback(err error) bool {
	r := Response(err)
	if r == nil || r.Request == nil {
		return false
	}
	host := r.Request.URL.Hostname()
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
