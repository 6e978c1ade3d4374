package terraform

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"athenarefresh/internal/deploy"
	module "athenarefresh/terraform"
)

// moduleName is the module's name in the root; deploy knows it in addresses.
const moduleName = "athena_refresh"

// object is a JSON object.
type object = map[string]any

// outputs are those of the module that the root passes on; the others come of
// the variables.
var outputs = []string{"queue_url", "queue_arn", "kms_key_statements", "dashboard_name", widened}

// widened is the output of what policies allow beyond the configuration.
const widened = "widened"

// passed are variables that the state keeps for the next deployment: what they
// were when it was applied.
var passed = []string{"data_buckets", "database_name", "queue_name", "kms_key_arn"}

// writeRoot fills a folder: the module, and a root that uses it with its
// variables, the state's place, what was before and what is to be adopted.
func writeRoot(dir string, o Options, p deploy.Purpose) error {
	if err := writeModule(filepath.Join(dir, "module")); err != nil {
		return err
	}
	variables, out := object{}, object{"former_queue_arns": object{"value": listed(p.Former.Queues)}, "former_kms_key_arns": object{"value": listed(p.Former.Keys)}}
	arguments := object{
		"source": "./module", "former_kms_key_arns": listed(p.Former.Keys),
		"force_destroy_results": true, // who lets the results go has said so: --drop-results
	}
	for name := range o.Variables {
		variables[name] = object{"type": "any"}
		arguments[name] = "${var." + name + "}"
	}
	for _, name := range outputs {
		out[name] = object{"value": "${module." + moduleName + "." + name + "}"}
	}
	for _, name := range passed {
		out[name] = object{"value": "${var." + name + "}"}
	}
	var imports []object
	for _, e := range p.Adopt {
		imports = append(imports, object{"to": e.Address, "id": e.ID})
	}
	root := object{
		"terraform": settings(o),
		"provider": object{"aws": object{
			"region": "${var.region}", "allowed_account_ids": []string{"${var.account_id}"}, "s3_use_path_style": o.PathStyle,
			"skip_region_validation": true, // or one that is newer than terraform is refused; the configuration's was looked at
		}},
		"variable": variables,
		"module":   object{moduleName: arguments},
		"output":   out,
	}
	if imports != nil {
		root["import"] = imports
	}
	if err := writeJSON(filepath.Join(dir, "main.tf.json"), root); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, deploy.PackageFile), o.Zip, 0o600); err != nil {
		return fmt.Errorf("write the root: %w", err)
	}
	return writeJSON(filepath.Join(dir, "terraform.tfvars.json"), o.Variables)
}

// settings say which terraform and provider, and where the state is. Without a
// bucket it is in the folder, and goes with it.
func settings(o Options) object {
	s := object{
		"required_version":   ">= " + oldest,
		"required_providers": object{"aws": object{"source": "hashicorp/aws", "version": ">= 5.80, < 7"}},
	}
	if o.StateBucket != "" {
		s["backend"] = object{"s3": object{
			"bucket": o.StateBucket, "key": o.StateKey, "region": o.Region, "use_lockfile": true, "encrypt": true,
			"use_path_style": o.PathStyle, "skip_region_validation": true,
		}}
	}
	return s
}

// listed is a list that is never null.
func listed(values []string) []string { return append([]string{}, values...) }

// writeModule puts the module into a folder, instead of what may be there.
func writeModule(dir string) error {
	if err := errors.Join(os.RemoveAll(dir), os.CopyFS(dir, module.Files)); err != nil {
		return fmt.Errorf("write the module: %w", err)
	}
	return nil
}

func writeJSON(name string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		return fmt.Errorf("write the root: %w", err)
	}
	return nil
}
