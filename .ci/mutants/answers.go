package main

// equivalent is a mutant that changes nothing that a test could see.
type equivalent struct {
	file     string
	line     string // as it stands there, without the white space around
	old, new string // the token, and what the tool puts there
	why      string
}

// answer says why a mutant changes nothing; "": nobody says so.
func answer(file, line, old, new string) string {
	for _, e := range equivalents {
		if e.file == file && e.line == line && e.old == old && e.new == new {
			return e.why
		}
	}
	return ""
}

var equivalents = []equivalent{}
