package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"athenarefresh/internal/aws/provision"
	"athenarefresh/internal/aws/s3client"
	"athenarefresh/internal/config"
	"athenarefresh/internal/local"
	"athenarefresh/internal/statuspage"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

var (
	faultSeed  = flag.Uint64("faultseed", 0, "draws which way to break a stack TestTheFaultIsSeenAndRepaired tries; 0: any")
	everyFault = flag.Bool("everyfault", false, "try all of them")
	shots      = flag.String("shots", "", "folder for what the page looked like")
)

// wards is how many stacks are looked after at a time.
const wards = 4

// TestTheFaultIsSeenAndRepaired breaks a running stack, reads the page in a browser
// as a person would, by roles, names and text, finds the fault named first with its
// repair, does what that says, and sees that all is well.
func TestTheFaultIsSeenAndRepaired(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it needs a browser, and minutes")
	}
	t.Parallel()
	browser := startBrowser(t)
	list, seed := ailments, cmp.Or(*faultSeed, rand.Uint64())
	if !*everyFault {
		list = list[rand.New(rand.NewPCG(seed, 0)).IntN(len(list)):][:1]
		t.Logf("-faultseed %d is this one", seed)
	}
	turns := make(chan struct{}, wards)
	for _, a := range list {
		t.Run(strings.ReplaceAll(a.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			turns <- struct{}{}
			defer func() { <-turns }()
			a.run(t, newWard(t, browser))
		})
	}
}

// ailment is a way to break a stack.
type ailment struct {
	name   string
	breaks func(*ward)
	says   string // in the fault that is named first
	runs   string // how one of its commands begins; "": none is needed
	repair func(w *ward, commands []string)
}

var ailments = []ailment{
	{"partitions dropped", func(w *ward) {
		for _, h := range []int{3, 4} {
			w.call(w.glue.DeletePartition(w.t.Context(), &glue.DeletePartitionInput{DatabaseName: &w.config.Database, TableName: aws.String("alerts"), PartitionValues: []string{w.dt(h)}}))
		}
	}, "alerts: 2 partitions in S3 and not in the catalog", "reconcile --fix alerts", func(w *ward, _ []string) { w.press("Add the missing partitions") }},
	{"location moved", func(w *ward) {
		p, err := w.glue.GetPartition(w.t.Context(), &glue.GetPartitionInput{DatabaseName: &w.config.Database, TableName: aws.String("alerts"), PartitionValues: []string{w.dt(4)}})
		w.call(p, err)
		sd := *p.Partition.StorageDescriptor
		sd.Location = aws.String("s3://" + w.config.Prefix + ".streamalerts/else/where/")
		w.call(w.glue.UpdatePartition(w.t.Context(), &glue.UpdatePartitionInput{
			DatabaseName: &w.config.Database, TableName: aws.String("alerts"), PartitionValueList: []string{w.dt(4)}, PartitionInput: &types.PartitionInput{Values: []string{w.dt(4)}, StorageDescriptor: &sd},
		}))
	}, "alerts: 1 partition elsewhere in the catalog", "reconcile --relocate alerts", func(w *ward, commands []string) { w.copy(commands, "reconcile --relocate") }},
	{"bucket unmapped", func(w *ward) {
		w.configure(`"buckets": {}`)
		w.until("the rules are obeyed", func() bool {
			base, _, _ := strings.Cut(w.page, "?")
			return look(w.t, base).Configuration.Hash == config.StampOf(w.conf).Hash
		})
		w.put(".streamalert.data", "more/"+w.at(9).Format("2006/01/02/15")+"/late.json")
	}, "bucket ward.streamalert.data: no rule of the configuration has it", "discover s3://ward.streamalert.data/", func(w *ward, commands []string) {
		w.copy(commands, "discover")
		w.configure(w.rules)
		w.see("nothing keeps it there now")
		w.press("Send back what is parked")
	}},
	{"table missing", func(w *ward) {
		w.put(".streamalert.data", "payments/"+w.at(1).Format("2006/01/02/15")+"/a.json")
	}, "payments: no such table; 1 object waits since", "table create payments", func(w *ward, commands []string) {
		w.copy(commands, "table create payments", "--yes")
	}},
	{"access denied", func(w *ward) {
		w.restart(func(o *local.Options) {
			o.Roles = w.role(`, {"Effect": "Deny", "Action": ["glue:CreatePartition", "glue:BatchCreatePartition"], "Resource": "*"}`)
		})
		w.put(".streamalerts", "alerts/"+w.at(0).Format("2006/01/02/15")+"/a.json")
	}, "access denied: ", "doctor", func(w *ward, commands []string) {
		w.copy(commands, "doctor")
		w.restart(nil)
	}},
	{"throttling", func(w *ward) {
		w.restart(func(o *local.Options) {
			o.Faults = []local.Fault{{Service: "athena", Operation: "StartQueryExecution", Error: "TooManyRequestsException", Share: 1}}
		})
		w.put(".streamalerts", "alerts/"+w.at(0).Format("2006/01/02/15")+"/a.json")
	}, "AWS refuses calls because there are too many", "status", func(w *ward, _ []string) { w.restart(nil) }},
	{"slow table", func(w *ward) {
		w.restart(func(o *local.Options) { o.Latency = map[string]time.Duration{"athena": 8 * time.Second} })
		w.put(".streamalerts", "alerts/"+w.at(0).Format("2006/01/02/15")+"/a.json")
	}, "alerts: behind by ", "table show alerts", func(w *ward, commands []string) {
		w.copy(commands, "table show")
		w.stopDaemon()
		w.configure(w.rules + `, "catalog": "glue"`)
		w.startDaemon()
		w.put(".streamalerts", "alerts/"+w.at(-1).Format("2006/01/02/15")+"/b.json")
	}},
	{"junk flood", func(w *ward) {
		for i := range 60 {
			w.put(".streamalerts", fmt.Sprintf("junk/<b>%d</b>.json", i))
		}
	}, "no rule fits ", "explain ", func(w *ward, commands []string) {
		w.copy(commands, "explain")
		w.configure(`"buckets": {"<prefix>.streamalerts": [{"prefix": "junk/", "ignore": true}, {"table": "alerts"}], "<prefix>.streamalert.data": "data"}`)
		w.see("nothing keeps it there now")
		w.press("Send back what is parked")
	}},
	{"daemon stopped for an hour", func(w *ward) {
		w.stopDaemon()
		w.clock(-time.Hour)
		w.putThen(".streamalerts", "alerts/"+w.at(1).Format("2006/01/02/15")+"/late.json", -time.Hour)
		w.clock(0)
		w.serveStatus()
	}, "nothing is received, for ", "run", func(w *ward, _ []string) { w.startDaemon() }},
	{"queue gone", func(w *ward) {
		w.call(w.sqs.DeleteQueue(w.t.Context(), &sqs.DeleteQueueInput{QueueUrl: w.queueURL()}))
	}, "queue ward_streamalert_athena_s3_notifications: there is no such queue", "local", func(w *ward, commands []string) {
		w.restart(nil) // athena-refresh local, begun anew on the same data
		w.copy(commands, "reconcile --fix")
	}},
}

// run breaks, looks, repairs and looks again.
func (a *ailment) run(t *testing.T, w *ward) {
	w.open()
	w.see("Everything that was notified is searchable.")
	t.Logf("first paint after %.0f ms, %.0f bytes", seen(w, chromedp.Evaluate[float64](`(performance.getEntriesByName("first-contentful-paint")[0] || {}).startTime || 0`)),
		seen(w, chromedp.Evaluate[float64](`performance.getEntriesByType("navigation")[0].decodedBodySize`)))
	a.breaks(w)
	var first []string
	w.until("the fault is named first", func() bool {
		first = w.first()
		return len(first) > 0 && strings.Contains(first[0], a.says)
	})
	if a.runs != "" && !slices.ContainsFunc(first[1:], func(c string) bool { return strings.HasPrefix(afterConf(c), "athena-refresh "+a.runs) }) {
		t.Errorf("no command begins with %q: %q", a.runs, first[1:])
	}
	w.everyWay(a.name)
	a.repair(w, first[1:])
	w.see("Everything that was notified is searchable.", "Nothing is amiss, as far as can be seen from here.")
	w.everyWay(a.name + " repaired")
}

// afterConf is a command without --conf DIR.
func afterConf(command string) string {
	words := strings.Fields(command)
	if len(words) > 2 && words[1] == "--conf" {
		words = append(words[:1], words[3:]...)
	}
	return strings.Join(words, " ")
}

// ward is a stack with a daemon on it, and a page of it in a browser.
type ward struct {
	t       *testing.T
	browser context.Context
	tab     context.Context
	now     time.Time
	rules   string

	conf, data, listen, page string
	config                   *config.Config
	shift                    time.Duration // of the stack's clock
	shifting                 sync.Mutex
	stack                    *stack
	daemon                   func() // ends it
	glue                     *glue.Client
	sqs                      *sqs.Client
}

func newWard(t *testing.T, browser context.Context) *ward {
	w := &ward{t: t, browser: browser, now: time.Now().UTC(), data: t.TempDir(), listen: freePort(t), rules: `"buckets": {"<prefix>.streamalert.data": [{"prefix": "more/", "table": "alerts"}, {"layout": "streamalert-data"}]}`}
	w.conf = confDir(t, "ward", "")
	w.configure(w.rules)
	w.restart(nil)
	t.Cleanup(func() {
		w.stopDaemon()
		w.end()
	})
	for h := 1; h < 7; h++ {
		w.put(".streamalerts", "alerts/"+w.at(h).Format("2006/01/02/15")+"/a.json")
	}
	w.startDaemon()
	w.until("all is searchable", func() bool {
		out, err := w.glue.GetPartitions(t.Context(), &glue.GetPartitionsInput{DatabaseName: &w.config.Database, TableName: aws.String("alerts")})
		return err == nil && len(out.Partitions) == 6
	})
	return w
}

// freePort is an address that nobody listens at, for who leaves it and comes back. It
// is none of those that the system gives to whoever asks for any, also to the
// connections of the tests beside.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.N(12_000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

func (w *ward) configure(settings string) {
	write(w.t, w.conf+"/lambda.json", `{"athena_partition_refresh_config": {"trigger": "queue", `+settings+`}}`)
}

func (w *ward) at(hoursAgo int) time.Time { return w.now.Add(-time.Duration(hoursAgo) * time.Hour) }
func (w *ward) dt(hoursAgo int) string    { return w.at(hoursAgo).Format("2006-01-02-15") }

func (w *ward) call(_ any, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// role is that of the daemon: everything, but for what more takes away.
func (w *ward) role(more string) local.Roles {
	roles := local.Roles{}
	if err := roles.Add("refresher", []byte(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}`+more+`]}`)); err != nil {
		w.t.Fatal(err)
	}
	return roles
}

// restart serves the stack, anew if it is served, as "athena-refresh local" does.
func (w *ward) restart(with func(*local.Options)) {
	w.t.Helper()
	w.end()
	a := &app{conf: w.conf, stdout: io.Discard, stderr: io.Discard}
	c, _, err := a.router()
	w.call(c, err)
	o := local.Options{Data: w.data, Roles: w.role(""), Now: func() time.Time {
		w.shifting.Lock()
		defer w.shifting.Unlock()
		return time.Now().Add(w.shift)
	}}
	if with != nil {
		with(&o)
	}
	s, err := startStack(context.Background(), c, w.listen, o)
	w.call(s, err)
	w.config, w.stack = c, s
	if o.Faults == nil && o.Latency == nil { // what is broken can't make them
		w.call(nil, provision.Make(w.t.Context(), s.cfg, c, searcher(s.cfg, c).Do))
	}
	w.glue, w.sqs = glue.NewFromConfig(s.cfg), sqs.NewFromConfig(s.cfg)
}

func (w *ward) end() {
	if w.stack != nil {
		w.call(nil, w.stack.stop())
		w.stack = nil
	}
}

func (w *ward) clock(shift time.Duration) {
	w.shifting.Lock()
	defer w.shifting.Unlock()
	w.shift = shift
}

func (w *ward) put(bucket, key string) { w.putThen(bucket, key, 0) }

// putThen lands an object by a client whose clock is as the stack's.
func (w *ward) putThen(bucket, key string, shift time.Duration) {
	w.t.Helper()
	client := s3client.New(w.stack.cfg)
	signed := s3.New(client.Options(), func(o *s3.Options) { o.AuthSchemes, o.HTTPSignerV4 = nil, shifted{v4.NewSigner(), shift} })
	w.call(signed.PutObject(w.t.Context(), &s3.PutObjectInput{Bucket: aws.String("ward" + bucket), Key: &key, Body: strings.NewReader(`{"id":"x"}`)}))
}

type shifted struct {
	s3.HTTPSignerV4
	by time.Duration
}

func (s shifted) SignHTTP(ctx context.Context, c aws.Credentials, r *http.Request, hash, service, region string, at time.Time, o ...func(*v4.SignerOptions)) error {
	return s.HTTPSignerV4.SignHTTP(ctx, c, r, hash, service, region, at.Add(s.by), o...)
}

func (w *ward) queueURL() *string {
	out, err := w.sqs.GetQueueUrl(w.t.Context(), &sqs.GetQueueUrlInput{QueueName: &w.config.Queue})
	w.call(out, err)
	return out.QueueUrl
}

// startDaemon runs the daemon as "athena-refresh run" does, as the role refresher.
func (w *ward) startDaemon() {
	w.t.Helper()
	a := &app{conf: w.conf, stdout: io.Discard, stderr: io.Discard}
	stamp := config.StampOf(w.conf)
	c, router, err := a.router()
	w.call(c, err)
	cfg := w.stack.cfg
	cfg.Credentials = credentials.NewStaticCredentialsProvider("refresher", local.SecretKey, "")
	pages, err := listenForPages("127.0.0.1:0")
	w.call(pages, err)
	s := &service{
		app: a, config: c, router: router, cfg: cfg, log: slog.New(slog.DiscardHandler), stamp: stamp, pages: pages, token: statuspage.NewToken(),
		pageAge: 2 * time.Second, late: 4 * time.Second,
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.run(ctx) }()
	w.page = "http://" + pages.Addr().String() + "/?token=" + s.token
	w.daemon = func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	}
	if w.tab != nil {
		w.visit()
	}
}

func (w *ward) stopDaemon() {
	if w.daemon != nil {
		w.daemon()
		w.daemon = nil
	}
}

// serveStatus shows the page of "athena-refresh status --serve".
func (w *ward) serveStatus() {
	listen := freePort(w.t)
	cmd := exec.Command("athena-refresh", "status", "--serve", "--conf", w.conf, "--listen", listen, "--since", "3h")
	cmd.Env = environment(w.stack.url)
	stderr, err := cmd.StderrPipe()
	w.call(stderr, err)
	w.call(nil, cmd.Start())
	w.t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	})
	var said strings.Builder
	buffer := make([]byte, 4096)
	for !strings.Contains(said.String(), "?token=") {
		n, err := stderr.Read(buffer)
		said.Write(buffer[:n])
		if err != nil {
			w.t.Fatalf("status --serve: %v: %s", err, said.String())
		}
	}
	go io.Copy(io.Discard, stderr)
	_, address, _ := strings.Cut(said.String(), "Status page: ")
	w.page, _, _ = strings.Cut(address, "\n")
	w.visit()
}

// copy runs the command that begins so, as copied from the page.
func (w *ward) copy(commands []string, begins string, more ...string) {
	w.t.Helper()
	i := slices.IndexFunc(commands, func(c string) bool { return strings.HasPrefix(afterConf(c), "athena-refresh "+begins) })
	if i < 0 {
		w.t.Fatalf("no command begins with %q: %q", begins, commands)
	}
	cmd := exec.Command("sh", "-c", strings.Join(append([]string{commands[i]}, more...), " "))
	cmd.Env = environment(w.stack.url)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == exitUndone {
		err = nil // discover, doctor and explain may find something
	}
	if err != nil {
		w.t.Fatalf("%s: %v: %s", commands[i], err, out)
	}
}

func (w *ward) until(what string, ok func() bool) {
	w.t.Helper()
	for end := time.Now().Add(3 * time.Minute); !ok(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			if w.tab == nil {
				w.t.Fatalf("%s: not within three minutes", what)
			}
			w.shoot("failed")
			w.t.Fatalf("%s: not within three minutes; the page says %q", what, w.texts("heading", "status", "listitem"))
		}
	}
}

// startBrowser starts a Chromium, where there is one. In CI there has to be.
func startBrowser(t *testing.T) context.Context {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	switch {
	case path == "" && os.Getenv("CI") == "true":
		t.Fatal("no chromium on the PATH")
	case path == "":
		t.Skip("no chromium on the PATH: the page is not looked at")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-dev-shm-usage", true), chromedp.UserDataDir(t.TempDir()))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancelBrowser := chromedp.NewContext(allocator)
	t.Cleanup(cancelBrowser)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

func (w *ward) open() {
	var cancel func()
	w.tab, cancel = chromedp.NewContext(w.browser)
	w.t.Cleanup(cancel)
	w.call(nil, chromedp.Do(w.tab)) // without a time of its own, which would be the tab's
	w.visit()
}

// seen runs something in the page, and returns what came of it.
func seen[T any](w *ward, a chromedp.Action[T]) T {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.tab, 30*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	w.call(v, err)
	return v
}

// protocol is a command of the browser's own.
func protocol[P, R any](w *ward, c cdp.Command[P, R], params P) R {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.tab, 30*time.Second)
	defer cancel()
	v, err := chromedp.Call(ctx, c, params)
	w.call(v, err)
	return v
}

func (w *ward) visit() {
	w.t.Helper()
	seen(w, chromedp.Navigate(w.page))
}

// node is an element as who can't see the page is told of it.
type node struct {
	role, name string
	id         cdp.BackendNodeID
	children   []*node
}

// text is what a node says.
func (n *node) text() string {
	if n.role == "StaticText" {
		return n.name
	}
	var b strings.Builder
	for _, c := range n.children {
		b.WriteString(c.text())
	}
	return strings.TrimSpace(b.String())
}

// all are the nodes of a role below a node, in the order of the page.
func (n *node) all(roles ...string) (found []*node) {
	if slices.Contains(roles, n.role) {
		found = append(found, n)
	}
	for _, c := range n.children {
		found = append(found, c.all(roles...)...)
	}
	return found
}

// tree is the page.
func (w *ward) tree() *node {
	w.t.Helper()
	list := protocol(w, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes
	nodes := map[accessibility.NodeID]*node{}
	for _, n := range list {
		nodes[n.NodeID] = &node{role: value(n.Role), name: value(n.Name), id: n.BackendDOMNodeID}
	}
	for _, n := range list {
		for _, id := range n.ChildIDs {
			if c := nodes[id]; c != nil {
				nodes[n.NodeID].children = append(nodes[n.NodeID].children, c)
			}
		}
	}
	if len(list) == 0 {
		return &node{}
	}
	return nodes[list[0].NodeID]
}

func value(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	var text string
	if json.Unmarshal(v.Value, &text) != nil {
		return ""
	}
	return text
}

func (w *ward) texts(roles ...string) (list []string) {
	for _, n := range w.tree().all(roles...) {
		list = append(list, n.text())
	}
	return list
}

// first is the fault that is named first, and the commands that repair it; nil if
// none is.
func (w *ward) first() []string {
	for _, region := range w.tree().all("region") {
		if !strings.Contains(region.name, "amiss") {
			continue
		}
		items := region.all("listitem")
		if len(items) == 0 {
			return nil
		}
		list := []string{items[0].text()}
		for _, c := range items[0].all("code") {
			list = append(list, strings.TrimPrefix(c.text(), "$ "))
		}
		return list
	}
	return nil
}

// see waits until the page says one of some texts.
func (w *ward) see(any ...string) {
	w.t.Helper()
	w.until(fmt.Sprintf("%q is seen", any), func() bool {
		for _, text := range w.texts("heading", "listitem", "status") {
			if slices.ContainsFunc(any, func(want string) bool { return strings.Contains(text, want) }) {
				return true
			}
		}
		return false
	})
}

// press presses the button of a name, as the keyboard does.
func (w *ward) press(name string) {
	w.t.Helper()
	w.enter("button", name)
}

// enter goes to what has a role and a name, and presses Enter.
func (w *ward) enter(role, name string) {
	w.t.Helper()
	w.until("the "+role+" "+name, func() bool {
		for _, b := range w.tree().all(role) {
			if b.text() != name {
				continue
			}
			ctx, cancel := context.WithTimeout(w.tab, 20*time.Second)
			defer cancel()
			_, err := chromedp.Call(ctx, dom.Focus, dom.FocusParams{BackendNodeID: b.id})
			if err == nil {
				err = chromedp.Do(ctx, chromedp.KeyEvent("\r"))
			}
			return err == nil // else the page was brought up to date meanwhile
		}
		return false
	})
}

// everyWay looks at the page in both themes, on a desk and on a phone: nothing may
// stick out, and axe may not complain.
func (w *ward) everyWay(name string) {
	w.t.Helper()
	for _, theme := range []string{"light", "dark"} {
		for _, width := range []int64{1280, 390} {
			protocol(w, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
			w.width(width)
			out := seen(w, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
			if out {
				w.t.Errorf("%s, %s, %d wide: it sticks out", name, theme, width)
			}
			w.axe(fmt.Sprintf("%s, %s, %d wide", name, theme, width))
			w.shoot(fmt.Sprintf("%s-%s-%d", strings.ReplaceAll(name, " ", "_"), theme, width))
		}
	}
	w.width(1280)
}

func (w *ward) width(pixels int64) {
	protocol(w, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: pixels, Height: 900, DeviceScaleFactor: 1, Mobile: pixels < 500})
}

func (w *ward) shoot(name string) {
	if *shots == "" {
		return
	}
	png := seen(w, chromedp.FullScreenshot(100))
	w.call(nil, errors.Join(os.MkdirAll(*shots, 0o755), os.WriteFile(filepath.Join(*shots, name+".png"), png, 0o644)))
}

// axe has axe-core judge the page, where AXE names its file. In CI it has to.
func (w *ward) axe(when string) {
	w.t.Helper()
	file := os.Getenv("AXE")
	if file == "" {
		if os.Getenv("CI") == "true" {
			w.t.Fatal("AXE names no file: .ci/run browser gets it")
		}
		return
	}
	script, err := os.ReadFile(file)
	w.call(nil, err)
	seen(w, chromedp.Evaluate[int](string(script)+"\n;0"))
	complaints := seen(w, chromedp.Evaluate[[]string](
		`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}).then(r => r.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.map(n => n.target.join(" ") + " " + (n.any[0] || {message: ""}).message).slice(0, 3).join(" | ")))`,
		chromedp.EvalAwaitPromise))
	for _, c := range complaints {
		w.t.Errorf("%s: axe: %s", when, c)
	}
}
