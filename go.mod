module athenarefresh

go 1.26.0

require (
	github.com/aws/aws-lambda-go v1.55.1 // Lambda's own interface, and its events
	github.com/aws/aws-sdk-go-v2 v1.47.7 // AWS's SDK: signing, retries, endpoints
	github.com/aws/aws-sdk-go-v2/config v1.33.15 // region, profiles and endpoints as everywhere else
	github.com/aws/aws-sdk-go-v2/credentials v1.20.15 // the embedded AWS's keys; CI's roles
	github.com/aws/aws-sdk-go-v2/service/athena v1.66.10 // DDL and queries
	github.com/aws/aws-sdk-go-v2/service/cloudwatch v1.75.5 // status, doctor: the queue's metrics
	github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs v1.92.0 // deploy: is there a log group already?
	github.com/aws/aws-sdk-go-v2/service/eventbridge v1.55.9 // deploy: is there a schedule already?
	github.com/aws/aws-sdk-go-v2/service/glue v1.173.0 // the catalog
	github.com/aws/aws-sdk-go-v2/service/iam v1.64.8 // doctor, deploy: the role
	github.com/aws/aws-sdk-go-v2/service/kms v1.62.4 // doctor, deploy: may S3 use the key?
	github.com/aws/aws-sdk-go-v2/service/lambda v1.114.2 // deploy: versions and the alias
	github.com/aws/aws-sdk-go-v2/service/s3 v1.114.8 // reconcile lists; deploy wires the buckets
	github.com/aws/aws-sdk-go-v2/service/sqs v1.52.10 // the queue
	github.com/aws/aws-sdk-go-v2/service/sts v1.51.8 // whose credentials these are
	github.com/aws/smithy-go v1.28.8 // the SDK's errors and middleware
	github.com/cespare/xxhash/v2 v2.3.0 // local: Trino's xxhash64
	github.com/chromedp/cdproto v0.159.0 // tests only: what a browser is asked
	github.com/chromedp/chromedp v0.23.0 // tests only: the page in a real browser
	github.com/dlclark/regexp2 v1.12.0 // local: Java's regular expressions
	github.com/duckdb/duckdb-go/v2 v2.10506.0 // local: what answers a SELECT; schemas of samples
	github.com/google/go-cmp v0.7.0 // tests only
	github.com/hashicorp/cronexpr v1.1.3 // tests only: another reader of cron
	github.com/klauspost/compress v1.20.1 // zstd: the standard library reads none; 40 MB to fetch, its own test data
	github.com/peterh/liner v1.2.3 // the prompt: a line that can be edited
	github.com/prometheus/client_golang v1.25.0 // /metrics
	github.com/prometheus/common v0.72.0 // /metrics' text; tests read it
	github.com/rclone/gofakes3 v0.0.12 // local: S3's signatures and requests
	github.com/rogpeppe/go-internal v1.16.0 // tests only: scripts of the command line
	github.com/spf13/cobra v1.10.2 // the command line, its help and completion
	github.com/spf13/pflag v1.0.10 // cobra's flags
	go.etcd.io/bbolt v1.5.0 // local: what it keeps
	golang.org/x/sync v0.24.0 // groups and weights of goroutines
	golang.org/x/term v0.43.0 // is it a terminal, and how wide
	golang.org/x/text v0.42.0 // how wide a character is
	golang.org/x/time v0.16.0 // how many calls a second
)

require (
	github.com/apache/arrow-go/v18 v18.5.1 // indirect
	github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream v1.7.26 // indirect
	github.com/aws/aws-sdk-go-v2/feature/ec2/imds v1.20.7 // indirect
	github.com/aws/aws-sdk-go-v2/internal/configsources v1.5.10 // indirect
	github.com/aws/aws-sdk-go-v2/internal/endpoints/v2 v2.8.10 // indirect
	github.com/aws/aws-sdk-go-v2/internal/v4a v1.5.10 // indirect
	github.com/aws/aws-sdk-go-v2/service/internal/accept-encoding v1.13.24 // indirect
	github.com/aws/aws-sdk-go-v2/service/internal/checksum v1.11.11 // indirect
	github.com/aws/aws-sdk-go-v2/service/internal/presigned-url v1.14.10 // indirect
	github.com/aws/aws-sdk-go-v2/service/internal/s3shared v1.20.10 // indirect
	github.com/aws/aws-sdk-go-v2/service/signin v1.12.3 // indirect
	github.com/aws/aws-sdk-go-v2/service/sso v1.39.3 // indirect
	github.com/aws/aws-sdk-go-v2/service/ssooidc v1.44.3 // indirect
	github.com/beorn7/perks v1.0.1 // indirect
	github.com/clipperhouse/uax29/v2 v2.7.0 // indirect
	github.com/duckdb/duckdb-go-bindings v0.10506.0 // indirect
	github.com/duckdb/duckdb-go-bindings/lib/darwin-amd64 v0.10506.0 // indirect
	github.com/duckdb/duckdb-go-bindings/lib/darwin-arm64 v0.10506.0 // indirect
	github.com/duckdb/duckdb-go-bindings/lib/linux-amd64 v0.10506.0 // indirect
	github.com/duckdb/duckdb-go-bindings/lib/linux-arm64 v0.10506.0 // indirect
	github.com/duckdb/duckdb-go-bindings/lib/windows-amd64 v0.10506.0 // indirect
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect
	github.com/go-viper/mapstructure/v2 v2.5.0 // indirect
	github.com/goccy/go-json v0.10.5 // indirect
	github.com/google/flatbuffers v25.12.19+incompatible // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/klauspost/cpuid/v2 v2.3.0 // indirect
	github.com/mattn/go-runewidth v0.0.31 // indirect
	github.com/minio/xxml v0.0.3 // indirect
	github.com/munnerz/goautoneg v0.0.0-20191010083416-a7dc8b61c822 // indirect
	github.com/pierrec/lz4/v4 v4.1.25 // indirect
	github.com/prometheus/client_model v0.6.3 // indirect
	github.com/prometheus/procfs v0.22.0 // indirect
	github.com/ryszard/goskiplist v0.0.0-20150312221310-2dfbae5fcf46 // indirect
	github.com/shabbyrobe/gocovmerge v0.0.0-20230507112040-c3350d9342df // indirect
	github.com/zeebo/xxh3 v1.1.0 // indirect
	golang.org/x/exp v0.0.0-20260112195511-716be5621a96 // indirect
	golang.org/x/mod v0.41.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
	golang.org/x/telemetry v0.0.0-20260811182544-a038080d80e5 // indirect
	golang.org/x/tools v0.49.0 // indirect
	golang.org/x/xerrors v0.0.0-20240903120638-7835f813f4da // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)
