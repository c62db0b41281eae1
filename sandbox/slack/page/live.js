// The line to the workspace: what one person sees comes in, what they do goes out.

/** Follow the workspace as `user`; `receive` gets every update. Reconnects by itself. Returns how to stop. */
export function follow(user, receive, lost) {
  let socket;
  let stopped = false;
  let wait = 500;
  const connect = () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    socket = new WebSocket(`${scheme}://${location.host}/page/live?user=${encodeURIComponent(user)}`);
    socket.onopen = () => (wait = 500);
    socket.onmessage = (event) => receive(JSON.parse(event.data));
    socket.onclose = () => {
      if (stopped) return;
      lost();
      setTimeout(connect, wait);
      wait = Math.min(wait * 2, 5000);
    };
  };
  connect();
  return () => {
    stopped = true;
    socket.close();
  };
}

/** Do something; how it went. */
export async function perform(what, body) {
  try {
    const answer = await fetch(`/page/do/${what}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    return await answer.json();
  } catch {
    return { acked: false, delivered: false, errors: {}, notice: "The workspace does not answer." };
  }
}
