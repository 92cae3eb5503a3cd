# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# A stand-in for OpenNebula's onedatastore and oneimage, as far as the bench needs them.
#
# The real ones are Ruby programs that come with OpenNebula's packages. This one takes the same words, prints the same
# JSON, ends with the same exit codes and makes the same XML-RPC calls in the same order (a name costs a read of its
# pool). Nearly all of the time that such a command takes is the loading of libraries, so the ones that the real ones
# load for these verbs are loaded here too; their own 60 files, and the schemas they check JSON against, are not.
#
#     onedatastore list --json | show --json NAME | create FILE | update ID FILE [--append]
#     oneimage     list --json | show --json NAME | create --datastore NAME FILE | update ID FILE [--append]

# The command line's: command_parser.rb, cli_helper.rb, one_helper.rb.
require 'optparse'
require 'pp'
require 'csv'
require 'open3'
require 'io/console'
require 'io/wait'
require 'time'
require 'logger'
require 'English'
# The API's: opennebula.rb and what it loads.
require 'digest/sha1'
require 'rexml/document'
require 'rexml/formatters/pretty'
require 'nokogiri'
require 'xmlrpc/client'
require 'bigdecimal'
require 'stringio'
require 'openssl'
require 'base64'
require 'yaml'
require 'ipaddr'
require 'date'
require 'fileutils'
require 'securerandom'

REPLACE = 0
APPEND = 1
NO_CLUSTER = -1
# Which images a listing shows: all that the user may use.
EVERY_IMAGE = [-2, -1, -1].freeze

# What the server, or the program itself, says against it.
class Refused < StandardError
end

# Calls in the name of the user of ONE_AUTH to the server of ONE_XMLRPC.
class Front
    def initialize
        @session = File.open(ENV.fetch('ONE_AUTH'), &:readline).strip
        @server = XMLRPC::Client.new2(ENV.fetch('ONE_XMLRPC'))
    end

    def ask(method, *arguments)
        succeeded, value = @server.call("one.#{method}", @session, *arguments)
        raise Refused, value unless succeeded

        value
    end

    # The document of all datastores or images.
    def pool(kind)
        ask("#{kind}pool.info", *(kind == 'image' ? EVERY_IMAGE : []))
    end

    # The id of what is named so; a number is taken as it is.
    def number(kind, name)
        return name.to_i if name.match?(/\A\d+\z/)

        found = Nokogiri::XML(pool(kind)).root.elements.select {|one| one.at_xpath('NAME').text == name }
        problem = found.empty? ? 'not found' : 'is ambiguous'
        raise Refused, "#{kind.upcase} named #{name} #{problem}." unless found.length == 1

        found[0].at_xpath('ID').text.to_i
    end
end

# The JSON shape of an XML element: hashes, arrays where a tag repeats, {} where nothing is.
def as_data(element)
    return element.text.empty? ? {} : element.text if element.elements.empty?

    element.elements.group_by(&:name).transform_values do |same|
        same.length == 1 ? as_data(same[0]) : same.map {|one| as_data(one) }
    end
end

def shown(document)
    require 'json'
    # What the real ones turn a schema into a hash with, to check what they print against it.
    require 'active_support'
    require 'active_support/core_ext/hash/conversions'
    root = Nokogiri::XML(document).root
    JSON.pretty_generate(root.name => as_data(root))
end

# What the program prints. kind: datastore or image; words: the verb and what follows it, without the options.
def run(kind, front, words, options)
    verb, first, second = words
    case verb
    when 'list'
        shown(front.pool(kind))
    when 'show'
        shown(front.ask("#{kind}.info", front.number(kind, first)))
    when 'update'
        mode = options[:append] ? APPEND : REPLACE
        front.ask("#{kind}.update", front.number(kind, first), File.read(second), mode)
        nil
    when 'create'
        return "ID: #{front.ask('datastore.allocate', File.read(first), NO_CLUSTER)}" if kind == 'datastore'

        datastore = front.number('datastore', options.fetch(:datastore))
        "ID: #{front.ask('image.allocate', File.read(first), datastore, false)}"
    else
        raise Refused, "unknown command #{verb}"
    end
end

program, *words = ARGV
options = {}
OptionParser.new do |parser|
    parser.on('--json')
    parser.on('--append')
    parser.on('--datastore NAME')
end.parse!(words, :into => options)
begin
    text = run(program.delete_prefix('one'), Front.new, words, options)
    puts text if text
rescue Refused => e
    warn e.message
    exit 255
end
