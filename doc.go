// Package athenarefresh holds nothing but the tests of the repository as a whole:
// that its docs say what the code does, and that its packages know of each other
// only what they may. The program is cmd/athena-refresh.
package athenarefresh
