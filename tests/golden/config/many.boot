interfaces {
    bonding dp0bond0 {
        address 10.0.0.2/24
        ip {
            gratuitous-arp-count 3
            rpf-check disable
        }
        lacp-options {
            activity passive
            key 0
            periodic-rate fast
        }
        minimum-links 1
        mode active-backup
        primary dp0s9
    }
    dataplane dp0s3 {
        address 192.0.2.2/24
        address 2001:db8::2/64
        cpu-affinity 0-3
        mac 52:54:00:12:34:56
        mtu 9000
        vif 4095 {
            disable
            mtu 1500
            vlan 12
        }
        vlan-protocol 0x88A8
        vrrp {
            start-delay 30
            vrrp-group 3 {
                disable
                virtual-address 192.0.2.12
            }
            vrrp-group 20 {
                advertise-interval 2
                authentication {
                    password "a#b'c"
                    type plaintext-password
                }
                description out
                hello-source-address 192.0.2.2
                notify {
                    bgp
                    ipsec
                }
                preempt true
                preempt-delay 10
                priority 200
                sync-group SYNC1
                virtual-address 192.0.2.11
                virtual-address 192.0.2.1/24
            }
            vrrp-group 21 {
                accept true
                checksum rfc5798
                excluded-address 10.0.0.9
                excluded-address 192.0.2.99
                fast-advertise-interval 3000
                garp {
                    interval 10
                    lower-priority-delay 4
                    lower-priority-repeat 6
                    master-delay 1
                    master-refresh 60
                    master-refresh-repeat 3
                    master-repeat 2
                }
                peer-address 192.0.2.3 {
                    minimum-ttl 254
                }
                peer-address 2001:db8::3 {
                }
                preempt false
                router-advertisements {
                    interval 60
                    lifetime 180
                    managed-flag
                    mtu 1400
                    other-flag
                    prefix 2001:db8::/64 {
                        no-autonomous
                        no-on-link
                        preferred-lifetime 300
                        valid-lifetime 600
                    }
                }
                run-transition-scripts {
                    backup "/bin/down"
                    fault "/bin/down"
                    master "/bin/up now"
                    stop "/bin/down"
                    user nobody
                }
                sync-group SYNC1
                track {
                    file ready {
                        weight {
                            type decrement
                            value 20
                        }
                    }
                    interface dp0bond0 {
                        down-delay 50
                        up-delay 1000
                        weight {
                            type decrement
                            value 10
                        }
                    }
                    path-monitor {
                        monitor upstream {
                            policy good {
                                weight {
                                    type increment
                                    value 5
                                }
                            }
                        }
                    }
                    process bird {
                    }
                    route-to 0.0.0.0/0 {
                        down-delay 100
                    }
                    script uplink {
                    }
                }
                track-interface lo {
                }
                version 3
                version-2-compatibility
                virtual-address 2001:db8::1/64
                virtual-address 192.0.2.21
                virtual-address fe80::21
                virtual-address-interface 10.0.0.9 {
                    interface dp0bond0
                }
                virtual-route 0.0.0.0/0 {
                    interface dp0s3
                    metric 20
                    next-hop 192.0.2.254
                    source 192.0.2.21
                    table 7
                }
                virtual-route 2001:db8:dead::/48 {
                    blackhole
                }
                virtual-rule 100 {
                    from 10.0.0.0/8
                    inbound-interface dp0bond0
                    mark 5
                    outbound-interface lo
                    table 7
                    to 192.0.2.0/24
                }
            }
        }
    }
    dataplane dp0s9 {
        bond-group dp0bond0
        description "it's the \"ninth\" port \\ {"
    }
    dataplane dp0s10 {
        bond-group dp0bond0
        duplex auto
        speed auto
    }
    dataplane dp0s11 {
        switch-group {
            port-parameters {
                mode trunk
                vlan-parameters {
                    primary-vlan-id 9
                    untagged-egress-vlans 9
                    vlans 9
                    vlans 31
                }
            }
            switch sw0
        }
    }
    loopback lo {
        address 10.255.0.1/32
    }
    loopback lo1 {
        description second
    }
    switch sw0 {
        aging 60
        default-port-parameters {
            mode access
            vlan-parameters {
                primary-vlan-id 31
            }
        }
        mac 02:00:00:00:00:05
        vif 30 {
            inner-vlan 7
            vlan 31
        }
    }
}
/* A Vyatta configuration file with every kind of node, in no particular order. */
service {
    connsync {
        failover-mechanism {
            vrrp {
                sync-group SYNC1
            }
        }
        interface dp0bond0
        remote-peer 10.0.0.3
    }
    health-check {
        file ready {
            interval 100
            path "/run/ready"
        }
        process bird {
            command "/usr/sbin/bird -f"
        }
        script uplink {
            command "/usr/local/bin/uplink --name 'a b'"
            fall 3
            interval 500
            rise 2
            timeout 400
            user nobody
        }
    }
    path-monitor {
        host isp {
            target 192.0.2.254
            type {
                ping {
                }
                tcp {
                    port 443
                    source-address 192.0.2.2
                }
            }
        }
        monitor upstream {
            initial-state compliant
            interface dp0s3
            interval 10
            policy good {
            }
            probe-interval 200
            probe-timeout 500
            type {
                ping {
                    host isp
                }
            }
        }
        monitor web {
            policy open {
            }
            type {
                tcp {
                    host isp
                }
            }
        }
        policy good {
            fall 3
            requires {
                type {
                    ping {
                        packet-loss {
                            threshold 20
                        }
                        round-trip-time {
                            robustness 2
                            threshold 30
                            tolerance 10
                        }
                    }
                }
            }
            rise 2
            window 5
        }
        policy open {
        }
    }
}
