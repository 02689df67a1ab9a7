package main_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a person's end of a pseudo-terminal.
type terminal struct {
	t      *testing.T
	master *os.File
	shown  bytes.Buffer // everything that appeared on the screen
}

// newTerminal opens a pseudo-terminal and returns the program's end too.
func newTerminal(t *testing.T) (person *terminal, program *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	raw, err := master.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var number int
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0)
		if failed == nil {
			number, failed = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if err := errors.Join(err, failed); err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return &terminal{t: t, master: master}, program
}

// expect reads the screen until a text appears that was not there before.
func (p *terminal) expect(text string) {
	p.t.Helper()
	seen := p.shown.Len()
	if err := p.master.SetReadDeadline(time.Now().Add(60 * time.Second)); err != nil {
		p.t.Fatal(err)
	}
	buf := make([]byte, 4096)
	for !bytes.Contains(p.shown.Bytes()[seen:], []byte(text)) {
		n, err := p.master.Read(buf)
		p.shown.Write(buf[:n])
		if err != nil {
			p.t.Fatalf("waiting for %q: %v; the screen shows\n%s", text, err, p.shown.String())
		}
	}
}

// answer waits for a question and types a line.
func (p *terminal) answer(question, line string) {
	p.t.Helper()
	p.expect(question)
	if _, err := p.master.WriteString(line + "\n"); err != nil {
		p.t.Fatal(err)
	}
}

// TestInstallAsks goes through the questions as a person would who typed
// "curl … | bash": the script comes by a pipe, the answers by the terminal.
func TestInstallAsks(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	base := m.release(m.fake, nil)
	person, program := newTerminal(t)
	cmd := exec.CommandContext(t.Context(), "bash", "-c", "curl -sS "+base+"/install.sh | bash")
	cmd.Env, cmd.Dir = append(m.env, "LANG=zh_CN.UTF-8"), m.home
	cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = program.Close()
	person.answer("[1] ", "2")
	person.answer("回车跳过）：", "2 azure, custom nosuch")
	person.answer("密钥（不显示", "bad-"+installKey)
	person.answer("[r]：", "r")
	person.answer("密钥（不显示", installKey)
	person.answer("resource: ", "https://res.openai.azure.com/")
	person.answer("密钥（不显示", "bad-azure-key")
	person.answer("[r]：", "k")
	person.answer("地址", "localhost:11434/v1")
	person.answer("密钥（不显示", "")
	person.expect("没有厂商“nosuch”")
	person.expect("posthouse/install.sh' start|stop")
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, person.shown.String())
	}
	if strings.Contains(person.shown.String(), installKey) {
		t.Errorf("a key was echoed:\n%s", person.shown.String())
	}
	if !strings.Contains(person.shown.String(), fmt.Sprintf("http://localhost:%d/setup?t=TOKEN123", m.port[2])) {
		t.Errorf("the screen lacks the setup link:\n%s", person.shown.String())
	}
	document, err := os.ReadFile(filepath.Join(m.home, "applied"))
	want := "providers:\n" +
		"  - name: \"deepseek\"\n    vendor: \"deepseek\"\n    keys:\n      - name: default\n        value: \"" + installKey + "\"\n" +
		"  - name: \"azure\"\n    vendor: \"azure\"\n    base_url: \"https://res.openai.azure.com/\"\n    keys:\n      - name: default\n        value: \"bad-azure-key\"\n" +
		"  - name: \"custom\"\n    vendor: \"custom\"\n    base_url: \"http://localhost:11434/v1\"\n    allow_private: true\n"
	if err != nil || string(document) != want {
		t.Errorf("the program was told\n%s\nwant\n%s", document, want)
	}
	settings, err := os.ReadFile(filepath.Join(m.prefix, "lib/posthouse/settings"))
	if err != nil || !bytes.Contains(settings, []byte("POSTHOUSE_CONSOLE_BIND=0.0.0.0\n")) {
		t.Errorf("settings %q (%v)", settings, err)
	}
}

// systemd is a stand-in for systemctl that starts what the unit file says.
const systemd = `#!/usr/bin/env bash
unit=$POSTHOUSE_UNIT_DIR/posthouse.service
pid=$FAKE_HOME/service.pid
echo "$*" >>"$FAKE_HOME/systemctl"
case "$1" in
  start)
    while IFS= read -r line; do
      case "$line" in
        Environment=*) eval "export ${line#Environment=}" ;;
        ExecStart=*) eval "nohup ${line#ExecStart=} </dev/null >/dev/null 2>&1 &" ;;
      esac
    done <<<"$(grep ^Environment= "$unit"; grep ^ExecStart= "$unit")"
    echo $! >"$pid"
    ;;
  stop) kill "$(cat "$pid")"; rm -f "$pid" ;;
  is-active) [ -f "$pid" ] && kill -0 "$(cat "$pid")" 2>/dev/null ;;
esac
`

// TestInstallSystemd looks at the unit, and at what systemctl is asked for.
func TestInstallSystemd(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.release(m.fake, nil)
	tools := t.TempDir()
	for name, text := range map[string]string{
		"systemctl": systemd,
		"id":        "#!/bin/sh\n[ \"$1\" = -u ] && echo 0\nexit 0\n",
		"chown":     "#!/bin/sh\necho \"chown $*\" >>\"$FAKE_HOME/systemctl\"\n",
	} {
		if err := os.WriteFile(filepath.Join(tools, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	units := t.TempDir()
	m.setenv("PATH="+tools+":"+os.Getenv("PATH"), "POSTHOUSE_UNIT_DIR="+units, "POSTHOUSE_SYSTEMD=yes", "POSTHOUSE_KEYS=deepseek="+installKey)
	m.ok(m.file())
	t.Cleanup(func() { m.file("stop") })
	unit, err := os.ReadFile(filepath.Join(units, "posthouse.service"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"ExecStart=\"" + m.prefix + "/bin/posthouse\" serve\n", "ReadWritePaths=\"" + m.data + "\"\n",
		"Environment=\"POSTHOUSE_DATA_DIR=" + m.data + "\"\n", "User=posthouse\n", "NoNewPrivileges=yes\n", "ProtectSystem=strict\n",
	} {
		if !strings.Contains(string(unit), want) {
			t.Errorf("the unit lacks %q:\n%s", want, unit)
		}
	}
	if strings.Contains(string(unit), installKey) {
		t.Error("the unit holds a key")
	}
	asked, err := os.ReadFile(filepath.Join(m.home, "systemctl"))
	if want := "chown -R posthouse: " + m.data + "\ndaemon-reload\nenable --quiet posthouse.service\nstart posthouse.service\n"; err != nil || !strings.HasPrefix(string(asked), want) {
		t.Errorf("systemctl was asked for\n%s\nwant\n%s", asked, want)
	}
	if r := m.ok(m.file("status")); !strings.Contains(r.out, "running and ready") {
		t.Errorf("status: %s", r.out)
	}

	other := newMachine(t)
	other.release(other.fake, nil)
	other.setenv("PATH="+tools+":"+os.Getenv("PATH"), "POSTHOUSE_UNIT_DIR="+units, "POSTHOUSE_SYSTEMD=yes")
	other.refused(other.file(), "belongs to another installation")
	other.untouched()

	m.ok(m.file("uninstall", "--purge", "--yes"))
	if left, err := os.ReadDir(units); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}
