package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"runtime"

	"athenarefresh/cmd/internal/worker"
	"athenarefresh/internal/config"
	"athenarefresh/internal/deploy"
	"athenarefresh/internal/doctor"
	"athenarefresh/internal/parked"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// writeBundle writes what a bug report needs into a file.
func (a *app) writeBundle(ctx context.Context, d *doctor.Doctor, cfg aws.Config, findings []doctor.Finding, name string) error {
	about := doctor.About{
		Version: worker.Version(), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
		Plan: deploy.Variables(d.Config, cfg.Region, deploy.ARM64, deploy.NoBundle), ConfigHash: configHash(d.Config),
	}
	copies, err := someParked(ctx, cfg, d.Config, 100)
	groups := parked.Groups(copies, d.Router)
	if about.Parked = groups; err != nil {
		about.Parked = map[string]string{"error": err.Error()}
	}
	for _, g := range groups {
		about.Keys = append(about.Keys, g.Examples...)
	}
	text, err := d.Bundle(ctx, about, findings)
	if err != nil {
		return err
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	a.say(fmt.Sprintf("%s: accounts, buckets and objects have other names in it; look it over before you send it to anybody", name))
	return nil
}

// configHash is that of what the function is given.
func configHash(c *config.Config) string {
	global, lambda, err := c.Packaged()
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%x", sha256.Sum256(append(global, lambda...)))
}
