package local

import (
	"bytes"
	"encoding/xml"
	"errors"
	"net/http"
	"strings"

	"athenarefresh/internal/local/awsjson"
	"athenarefresh/internal/local/cloudwatch"
	"athenarefresh/internal/local/sigv4"
)

// replyError answers in the protocol of the request: JSON where it has a target, CBOR
// as CloudWatch speaks it, the Query protocol's XML to a form, else S3's.
func replyError(w http.ResponseWriter, r *http.Request, err error) {
	e := &sigv4.Error{Code: "IncompleteBody", Message: err.Error(), Status: http.StatusBadRequest}
	errors.As(err, &e)
	switch target := r.Header.Get("X-Amz-Target"); {
	case target != "":
		refusal := inJSON(e)
		if strings.HasPrefix(target, "AmazonSQS.") && e.Code == "AccessDenied" {
			refusal.QueryCode = e.Code // some of SQS's clients read the words of its older protocol first
		}
		refuser.Refuse(w, refusal)
	case isCBOR(r):
		cloudwatch.Refuse(w, inJSON(e))
	case isForm(r):
		replyFormError(w, e)
	default:
		refuseXML(w, xml.Name{Local: "Error"}, failure{e.Code, e.Message}, e.Status)
	}
}

// jsonCode: the JSON services have other names for the same errors (AWS general
// reference, "Common errors").
func jsonCode(code string) string {
	switch code {
	case "SignatureDoesNotMatch", "RequestTimeTooSkewed":
		return "InvalidSignatureException"
	case "InvalidAccessKeyId":
		return "UnrecognizedClientException"
	case "AccessDenied":
		return "AccessDeniedException"
	case "InternalError":
		return "InternalFailure"
	}
	return code
}

// refuser speaks for services in JSON.
var refuser = awsjson.Service{Version: "1.0"}

func inJSON(e *sigv4.Error) *awsjson.Error {
	return &awsjson.Error{Code: jsonCode(e.Code), Message: e.Message, Status: e.Status}
}

// failure is an error in XML.
type failure struct{ Code, Message string }

// replyFormError has the error inside of an ErrorResponse, and its own name for a key
// that isn't known.
func replyFormError(w http.ResponseWriter, e *sigv4.Error) {
	f := failure{e.Code, e.Message}
	if f.Code == "InvalidAccessKeyId" {
		f.Code = "InvalidClientTokenId"
	}
	refuseXML(w, xml.Name{Local: "ErrorResponse"}, struct{ Error failure }{f}, e.Status)
}

func refuseXML(w http.ResponseWriter, name xml.Name, answer any, status int) {
	var body bytes.Buffer
	body.WriteString(xml.Header)
	if err := xml.NewEncoder(&body).EncodeElement(answer, xml.StartElement{Name: name}); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	w.Write(body.Bytes())
}
