// Package refusal puts the errors of Kubernetes' validation into words.
package refusal

import (
	"encoding/json"
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Why says what comes of an object that the API server does not take.
const Why = "The API server refuses the object, so that the sync fails and nothing of the change arrives."

// longest is how much of a value a message repeats, in bytes.
const longest = 200

// Message is the text of an error without its field. Values are written as people write them, where Kubernetes writes
// them as Go does.
func Message(e *field.Error) string {
	switch e.Type {
	case field.ErrorTypeInvalid, field.ErrorTypeDuplicate, field.ErrorTypeTypeInvalid, field.ErrorTypeNotFound:
	default:
		return e.ErrorBody()
	}
	value := reflect.Indirect(reflect.ValueOf(e.BadValue))
	if k := value.Kind(); k != reflect.Struct && k != reflect.Map && k != reflect.Slice {
		return e.ErrorBody()
	}
	message := e.Type.String()
	if data, err := json.Marshal(e.BadValue); err == nil && len(data) <= longest {
		message += ": " + string(data)
	}
	if e.Detail != "" {
		message += ": " + e.Detail
	}
	return message
}

// Fix says what to do about an error, where its kind tells.
func Fix(e *field.Error) string {
	switch e.Type {
	case field.ErrorTypeRequired:
		return "set " + e.Field
	case field.ErrorTypeForbidden:
		return fmt.Sprintf("remove %s, or what forbids it", e.Field)
	case field.ErrorTypeDuplicate:
		return "remove one of the two"
	case field.ErrorTypeTooLong, field.ErrorTypeTooMany:
		return "make it shorter"
	}
	return fmt.Sprintf("give %s a value that is allowed", e.Field)
}
