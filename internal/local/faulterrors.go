package local

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// serviceErrors are the errors of each service that what is served of it here may
// answer with on AWS, those first that are worth trying (each service's API
// reference, and its page "Common errors").
var serviceErrors = map[string][]string{
	"glue": append([]string{
		"ThrottlingException", "OperationTimeoutException", "InternalServiceException", "ConcurrentModificationException",
		"AccessDeniedException", "EntityNotFoundException", "AlreadyExistsException", "ResourceNumberLimitExceededException",
		"ConflictException", "FederatedResourceAlreadyExistsException", "FederationSourceException", "FederationSourceRetryableException",
		"GlueEncryptionException", "InternalServerException", "InvalidInputException", "InvalidStateException",
		"OperationNotSupportedException", "PermissionTypeMismatchException", "ResourceNotFoundException", "ResourceNotReadyException",
		"ValidationException", "VersionMismatchException",
	}, commonErrors...),
	"sqs": append([]string{
		"RequestThrottled", "OverLimit", "QueueDoesNotExist", "KmsThrottled", "KmsAccessDenied", "AccessDenied", "ReceiptHandleIsInvalid",
		"BatchEntryIdsNotDistinct", "BatchRequestTooLong", "EmptyBatchRequest", "InvalidAddress", "InvalidAttributeName",
		"InvalidAttributeValue", "InvalidBatchEntryId", "InvalidIdFormat", "InvalidMessageContents", "InvalidSecurity", "KmsDisabled",
		"KmsInvalidKeyUsage", "KmsInvalidState", "KmsNotFound", "KmsOptInRequired", "MessageNotInflight", "PurgeQueueInProgress",
		"QueueDeletedRecently", "QueueNameExists", "ResourceNotFoundException", "TooManyEntriesInBatchRequest", "UnsupportedOperation",
		"AWS.SimpleQueueService.NonExistentQueue",
	}, commonErrors...),
	"athena": append([]string{
		"TooManyRequestsException", "InternalServerException", "InvalidRequestException", "MetadataException", "ResourceNotFoundException",
	}, commonErrors...),
	"cloudwatch": append([]string{
		"InternalServiceFault", "InternalServiceError", "InvalidNextToken", "LimitExceededException", "InvalidParameterValue",
		"InvalidParameterCombination", "MissingParameter",
	}, commonErrors...),
	"sts": append([]string{
		"ExpiredToken", "AccessDenied", "RegionDisabledException", "InternalError", "SignatureDoesNotMatch",
	}, commonErrors...),
	"s3": {
		"SlowDown", "InternalError", "AccessDenied", "NoSuchBucket", "NoSuchKey", "RequestTimeout", "ServiceUnavailable", "ExpiredToken",
		"AccountProblem", "AllAccessDisabled", "AuthorizationHeaderMalformed", "BadDigest", "BucketAlreadyExists", "BucketAlreadyOwnedByYou",
		"BucketNotEmpty", "ConditionalRequestConflict", "EntityTooLarge", "EntityTooSmall", "IncompleteBody", "InvalidAccessKeyId",
		"InvalidArgument", "InvalidBucketName", "InvalidBucketState", "InvalidDigest", "InvalidObjectState", "InvalidPart",
		"InvalidPartOrder", "InvalidRange", "InvalidRequest", "InvalidSecurity", "InvalidToken", "KeyTooLongError", "MalformedXML",
		"MethodNotAllowed", "MissingContentLength", "NoSuchUpload", "NoSuchVersion", "NotImplemented", "NotSignedUp", "OperationAborted",
		"PermanentRedirect", "PreconditionFailed", "RequestTimeTooSkewed", "SignatureDoesNotMatch", "TemporaryRedirect", "TooManyBuckets",
		"KMS.DisabledException", "KMS.InvalidStateException", "KMS.NotFoundException",
	},
}

// commonErrors are those of every service but S3.
var commonErrors = []string{
	"AccessDeniedException", "ExpiredTokenException", "IncompleteSignature", "InternalFailure", "InvalidAction", "InvalidClientTokenId",
	"InvalidSignatureException", "MalformedHttpRequestException", "MissingAuthenticationToken", "MissingAuthenticationTokenException",
	"NotAuthorized", "OptInRequired", "RequestAbortedException", "RequestEntityTooLargeException", "RequestExpired",
	"RequestTimeoutException", "ServiceUnavailable", "Throttling", "ThrottlingException", "UnknownOperationException",
	"UnrecognizedClientException", "ValidationError", "ValidationException",
}

// namedErrors is how many of a service's errors a complaint names.
const namedErrors = 6

// check: an error is a status, or a name that the service has.
func (f Fault) check() error {
	if n, err := strconv.Atoi(f.Error); err == nil {
		if n < 400 || n > 599 {
			return fmt.Errorf("%d is no status of an error: 400 to 599", n)
		}
		return nil
	}
	known := serviceErrors[f.Service]
	if slices.Contains(known, f.Error) {
		return nil
	}
	return fmt.Errorf("%q is no error of %s: a status such as 500, or a name such as %s",
		f.Error, properName(f.Service), strings.Join(known[:min(namedErrors, len(known))], ", "))
}

// properName is how people write a service's name.
func properName(service string) string {
	i := slices.IndexFunc(serviceNames, func(name string) bool { return strings.EqualFold(name, service) })
	return serviceNames[i]
}
