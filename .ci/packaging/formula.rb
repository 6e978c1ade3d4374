# Builds from source: the C compiler of macOS' command line tools has DuckDB linked in.
class AthenaRefresh < Formula
  desc "Makes log files in S3 searchable in Athena seconds after they land"
  homepage "@HOME@"
  url "@RELEASES@/@SOURCE@"
  sha256 "@SHA256@"
  license "Apache-2.0"

  depends_on "go" => :build

  def install
    ldflags = "-s -w -X athenarefresh/cmd/internal/worker.version=@STAMP@"
    system "go", "build", *std_go_args(ldflags: ldflags), "./cmd/athena-refresh"
    system bin/"athena-refresh", "man", "man"
    man1.install Dir["man/*.1"]
    generate_completions_from_executable(bin/"athena-refresh", "completion")
  end

  test do
    assert_match "athena-refresh @VERSION@", shell_output("#{bin}/athena-refresh version")
    (testpath/"logs/web/2026/01/02/03").mkpath
    (testpath/"logs/web/2026/01/02/03/a.json").write('{"id": 1}' + "\n")
    system bin/"athena-refresh", "discover", testpath/"logs"
  end
end
