# The oracle: SERVER.md on Action Cable for Ruby, without the rest of Rails.
require "action_cable"
require "json"
require "logger"
require "puma"
require "puma/server"

cable = ActionCable::Server::Base.config
cable.cable = { "adapter" => "async" }
# Scenarios run side by side, and some of their actions wait.
cable.worker_pool_size = 16
cable.logger = Logger.new($stderr, level: ENV.fetch("CONFORMANCE_LOG", "fatal"))
cable.allowed_request_origins = ["http://allowed.example"]
cable.connection_class = -> { Connection }

class Connection < ActionCable::Connection::Base
  identified_by :current_user, :shadower

  def connect
    sleep request.params["connect_ms"].to_i / 1000.0
    self.current_user = request.params["user"].presence || reject_unauthorized_connection
    self.shadower = request.params["shadower"].presence
  end
end

class EchoChannel < ActionCable::Channel::Base
  def echo(data) = transmit(data)

  def receive(data) = transmit({ received: data })

  def greet = transmit({ hello: true })

  def identity = transmit({ current_user: current_user, shadower: shadower })

  def parameters = transmit({ parameters: params })

  def later(data)
    sleep data["ms"] / 1000.0
    transmit(data)
  end

  def count(data) = 1.upto(data["to"]) { |n| transmit({ n: n }) }

  def fail = raise("as asked for")
end

class StreamChannel < ActionCable::Channel::Base
  def subscribed
    transmit({ greeting: params["greeting"] }) if params.key?("greeting")
    sleep params["wait_ms"].to_i / 1000.0
    raise "as asked for" if params["fail"]
    Array(params["streams"]).each { |name| stream_from name }
    reject if params["reject"]
  end

  def unsubscribed
    broadcast params["farewell"], { farewell: identifier } if params.key?("farewell")
  end

  def start(data)
    stream_from data["stream"]
    transmit({ started: data["stream"] })
  end

  def stop(data)
    stop_stream_from data["stream"]
    transmit({ stopped: data["stream"] })
  end

  def stop_all
    stop_all_streams
    transmit({ stopped: "all" })
  end

  # The framework's own way to end a subscription, which it uses for those that were rejected while they began.
  def finish = reject_subscription

  def say(data) = broadcast(data["stream"], data["message"])

  def say_many(data) = 1.upto(data["to"]) { |n| broadcast(data["stream"], { n: n }) }

  private

  def broadcast(stream, message) = ActionCable.server.broadcast(stream, message)
end

class AccountChannel < ActionCable::Channel::Base
  def subscribed
    audience = params["audience"]
    stream_for current_user if %w[account both].include?(audience)
    stream_for [current_user, shadower] if %w[pair both].include?(audience)
    stream_for [current_user, shadower].compact if audience == "compact"
  end

  def leave
    stop_stream_for current_user
    transmit({ left: true })
  end
end

class TimerChannel < ActionCable::Channel::Base
  periodically :tick, every: 0.2

  private

  def tick = transmit({ tick: @ticks = @ticks.to_i + 1 })
end

HOOKS = {
  "/broadcast" => ->(asked) { ActionCable.server.broadcast(asked["stream"], asked["message"]) },
  "/broadcast_to" => ->(asked) { AccountChannel.broadcast_to(asked["to"], asked["message"]) },
  # Before Rails 7.1 there was no way to say whether the client should come back.
  "/disconnect" => lambda { |asked|
    pair = { current_user: asked["user"], shadower: asked["shadower"] }
    ActionCable.server.remote_connections.where(pair).disconnect
  },
  "/restart" => ->(_) { ActionCable.server.restart },
}.freeze

application = lambda do |env|
  path = env["PATH_INFO"]
  next ActionCable.server.call(env) if path == "/cable"
  next [404, {}, []] unless env["REQUEST_METHOD"] == "POST" && HOOKS.key?(path)

  HOOKS[path].call(JSON.parse(env["rack.input"].read))
  [204, {}, []]
end

# Two first connections at the same moment would make two timers, and everybody would get every ping twice.
ActionCable.server.setup_heartbeat_timer

_, listen = ARGV
host, port = listen.split(":")
server = Puma::Server.new(application, Puma::Events.null, min_threads: 4, max_threads: 16)
server.add_tcp_listener(host, port.to_i)
$stdout.puts "listening on http://#{host}:#{server.connected_ports.first}"
$stdout.flush
%w[INT TERM].each { |signal| trap(signal) { exit! } }
server.run.join
