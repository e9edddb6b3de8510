// Preloaded into a child process: it ends when the process that started it does, however that ended.

process.on("disconnect", () => {
  process.disconnect = undefined; // wrangler would close the channel that is gone, and fail loudly
  process.kill(process.pid, "SIGTERM");
});
process.channel?.unref();
