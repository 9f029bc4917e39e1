interfaces {
    bonding dp0bond0 {
        address 10.100.11.39/26
        mode lacp
        vif 10 {
            address 192.168.255.81/30
            description "VLAN 10 - Two private subnets/VIPs"
            vrrp {
                vrrp-group 10 {
                    advertise-interval 1
                    preempt false
                    priority 254
                    sync-group SYNC1
                    virtual-address 10.100.105.177/28
                    virtual-address 10.100.38.1/26
                }
            }
        }
        vif 11 {
            address 192.168.255.89/30
            description "VLAN 11 - One private subnet/VIP"
            vrrp {
                vrrp-group 11 {
                    advertise-interval 1
                    preempt false
                    priority 254
                    sync-group SYNC1
                    virtual-address 10.100.212.65/26
                }
            }
        }
        vrrp {
            vrrp-group 1 {
                preempt false
                priority 254
                rfc-compatibility
                sync-group vgroup1
                virtual-address 10.100.11.5/26
            }
        }
    }
    bonding dp0bond1 {
        address 169.110.20.28/29
        mode lacp
        vrrp {
            vrrp-group 1 {
                notify {
                    ipsec
                }
                preempt false
                priority 254
                rfc-compatibility
                sync-group SYNC1
                virtual-address 169.110.21.26/29
            }
        }
    }
}
service {
    connsync {
        failover-mechanism {
            vrrp {
                sync-group SYNC1
            }
        }
        interface dp0bond0
        remote-peer 10.124.10.4
    }
}
